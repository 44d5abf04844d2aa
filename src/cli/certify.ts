import type { Command } from 'commander';
import {
  allCases,
  basisOf,
  bounds,
  type Case,
  certify,
  certifyOracle,
  emptyAccepted,
  type Finding,
  failureText,
  HIGHEST_ORDER,
  noteText,
  type Table,
  tableText,
  tabulate,
  uncertified,
} from '../certify/index.ts';
import { defaultDevice } from '../device/index.ts';
import { Interrupted } from '../medetection/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { exitCode, UsageError } from './errors.ts';
import { integer } from './flags.ts';
import { shortPath } from './invocation.ts';
import { type Output, table } from './output.ts';
import { duration, startProgress } from './progress.ts';

interface Options extends CommonOptions {
  readonly order: number;
  readonly op?: string;
  readonly oracle?: string;
}

const HELP = `
--oracle: the gradient of the published network jumps at the kinks of relu, |x| and max pooling, where rounding decides the
side. Where it is past its bound at the given images, it is computed at others that differ by 1e-7 to 1e-6, 16 times at most,
and passes, with a note, if at one of them all tensors are within that bound.`;

const INTERRUPTED = 'stopped; there is nothing to save';

/** `certify`: every op against float64, finite differences and the identity of Jacobian products. */
export function addCertify(program: Command): void {
  const command = program
    .command('certify')
    .description('check every op by value and derivatives against float64 and finite differences')
    .option('--order <n>', `highest derivative, 0 to ${HIGHEST_ORDER}`, integer(0), HIGHEST_ORDER)
    .option('--op <name>', 'only the ops whose name contains this, in capitals or not')
    .option('--oracle <folder>', 'check against this folder of reference values instead')
    .addHelpText('after', HELP);
  addCommon(command).action(async (options: Options) => {
    if (options.order > HIGHEST_ORDER)
      throw new UsageError(
        `--order ${options.order}: derivatives are certified up to order ${HIGHEST_ORDER}`,
      );
    const output = outputOf(options);
    if (options.oracle !== undefined) {
      const { oracle } = options;
      if (options.op !== undefined)
        throw new UsageError('--op chooses among the ops, of which --oracle takes none');
      await withDevice(options, output, (signal) => certifyFolder(oracle, output, signal));
      return;
    }
    const cases = chosen(options.op);
    await withDevice(options, output, (signal) => certifyOps(options, cases, output, signal));
  });
}

function chosen(op: string | undefined): readonly Case[] {
  const cases =
    op === undefined ? allCases : allCases.filter((c) => c.op.toLowerCase().includes(op.toLowerCase()));
  if (cases.length > 0) return cases;
  const names = [...new Set(allCases.map((c) => c.op))].join(', ');
  throw new UsageError(`--op ${op}: no op has this in its name; there are ${names}`);
}

async function certifyOps(
  { order, op }: Options,
  cases: readonly Case[],
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const begun = performance.now();
  const progress = startProgress('certify', 'case', cases.length);
  let done = 0;
  const onCase = (c: Case) => progress.update(++done, c.op);
  const findings = await certify(cases, { order, onCase, signal }).finally(() => progress.stop());
  if (signal.aborted) throw new Interrupted(INTERRUPTED);
  // What the ops of all cases make of each other, whichever were chosen.
  const basis = basisOf(allCases);
  const seconds = (performance.now() - begun) / 1000;

  const ops = tabulate(findings);
  showTable(output, ops);
  for (const line of allowances(cases)) output.print(`  ${line}`);
  output.print(`basis: ${basis.ops.length} ops, ${basis.escapes.length === 0 ? 'closed' : 'not closed'}`);
  const failures = [
    ...findings.filter((f) => !f.ok).map(failureText),
    ...basis.escapes,
    ...emptyAccepted(),
    ...(op === undefined ? uncertified(cases).map((name) => `${name}: no case certifies it`) : []),
  ];
  conclude(output, findings, failures, seconds);
  const { adapterInfo: adapter, capabilities } = await defaultDevice();
  const ok = failures.length === 0;
  output.record({ ok, order, seconds, adapter, capabilities, bounds, ops, findings, basis, failures });
}

/** `--oracle`: a folder of reference values made elsewhere. */
async function certifyFolder(folder: string, output: Output, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  let done = 0;
  let told = begun;
  const onCase = (name: string) => {
    done++;
    if (performance.now() - told < 5000) return;
    told = performance.now();
    process.stderr.write(`oracle: ${done} cases done, ${name}\n`);
  };
  const { findings, absent } = await certifyOracle(folder, { onCase, signal });
  if (signal.aborted) throw new Interrupted(INTERRUPTED);
  const seconds = (performance.now() - begun) / 1000;
  const ops = tabulate(findings);
  showTable(output, ops);
  for (const part of absent) output.print(`not in ${shortPath(folder)}: ${part}.json`);
  for (const finding of findings.filter((f) => f.note !== undefined))
    output.print(`note ${noteText(finding)}`);
  const failures = findings.filter((f) => !f.ok).map(failureText);
  conclude(output, findings, failures, seconds);
  const { adapterInfo: adapter } = await defaultDevice();
  output.record({ ok: failures.length === 0, folder, seconds, adapter, ops, findings, absent, failures });
}

function showTable(output: Output, ops: Table): void {
  output.print(table(tableText(ops)));
  const bounds = ops.checks.flatMap((check) => {
    const cells = ops.rows.map((row) => row.cells[check]).filter((cell) => cell && cell.checked !== false);
    return cells.length > 0 ? [`${check} ${Math.min(...cells.map((c) => c.bound)).toExponential()}`] : [];
  });
  output.print(`\nbounds: ${bounds.length > 0 ? bounds.join(', ') : 'none, since nothing was checked'}`);
}

/** What is wider than the bounds, and why. */
function allowances(cases: readonly Case[]): string[] {
  const wider = cases.flatMap(({ op, allowance }) =>
    allowance ? [`${op}: ${allowance.error.toExponential(1)} on the device (${allowance.why})`] : [],
  );
  return [...new Set(wider)];
}

/** The verdict, and the exit code that says it. */
function conclude(
  output: Output,
  findings: readonly Finding[],
  failures: readonly string[],
  seconds: number,
): void {
  for (const failure of failures) output.print(`FAIL ${failure}`);
  const what = `${findings.length} checks of ${new Set(findings.map((f) => f.op)).size} ops`;
  const verdict = failures.length === 0 ? 'all within their bounds' : `${failures.length} failed`;
  output.print(`${what} in ${duration(seconds)}: ${verdict}`);
  if (failures.length > 0) process.exitCode = exitCode.failure;
}
