import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Cell,
  hashOf,
  makeFolders,
  type Result,
  writeCells,
  writeResult,
} from '../../src/experiments/cell.ts';
import type { Request } from '../../src/experiments/request.ts';
import { scales } from '../../src/experiments/scales.ts';
import type { Epoch } from '../../src/medetection/index.ts';
import { summary } from '../../src/metrics/index.ts';

/** A folder that goes with the process. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'medetection experiments-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const requestFor = (experiment: string, changes: Partial<Request> = {}): Request => ({
  version: 1,
  experiment,
  scale: 'small',
  changes: [],
  settings: scales.small,
  data: '/photographs',
  tasks: 9,
  targets: ['caps', 'tiles'],
  seeds: [0, 1],
  ...changes,
});

const LABELS = [0, 0, 0, 0, 1, 1, 1, 1];

/** Scores of four normal and four defective pictures, of which so many defective ones are above all others, and above 0. */
export const epochOf = (epoch: number, found: number, changes: Partial<Epoch> = {}): Epoch => {
  const scores = LABELS.map((label, i) => (label === 0 ? -2 - i / 10 : i - 4 < found ? 1 : -3));
  const measured = summary(LABELS, scores);
  return {
    epoch,
    trainLoss: epoch === 0 ? Number.NaN : 1 / epoch,
    validationLoss: 1,
    validation: measured,
    test: measured,
    best: epoch === 0,
    ...changes,
  };
};

const common = (cell: Cell) => ({
  version: 1 as const,
  hash: hashOf(cell),
  adapter: 'none',
  versions: { medetection: '0' },
  finished: '2026-01-01T00:00:00.000Z',
  seconds: 10,
  resumed: false,
});

/** Writes a finished cell that nothing computed. */
export async function fabricate(folder: string, cell: Cell, epochs: readonly Epoch[] = []): Promise<void> {
  await makeFolders(folder);
  await writeCells(folder, [cell]);
  const measured = {
    'meta-train': { tasks: [{ name: 'other', images: 9 }], losses: [0.7] },
    'fine-tune': { epochs, parts: { train: 10, validation: 2, test: LABELS.length } },
    localise: { measured: null, panels: [] },
  }[cell.kind];
  await writeResult(folder, { ...common(cell), kind: cell.kind, cell, ...measured } as Result);
}
