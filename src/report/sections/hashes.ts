import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunConfig, runFiles } from '../../medetection/index.ts';
import { type Found, find } from '../found.ts';
import { type Content, html } from '../html.ts';
import { definitions, type Section } from '../parts.ts';

const code = (hash: string): Content => html`<code>${hash}</code>`;

const hashOfFile = (folder: string, file: string): Promise<Found<string>> =>
  find(async () =>
    createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex'),
  );

/** When the weights were written, which is when training was last over. */
const dateOf = (folder: string): Promise<Found<string>> =>
  find(async () => (await stat(join(folder, runFiles.weights))).mtime.toISOString().slice(0, 10));

/** What a report is of, to the byte: hashes of weights, data and split. */
export async function hashesSection(folder: string, config: RunConfig): Promise<Section> {
  const files = [runFiles.weights, ...(config.kind === 'fine-tune' ? [runFiles.references] : [])];
  const ofFiles: [string, Content][] = [];
  for (const file of files) {
    const hash = await hashOfFile(folder, file);
    ofFiles.push([file, 'value' in hash ? code(hash.value) : 'not there']);
  }
  const date = await dateOf(folder);
  const ofData: [string, Content][] =
    config.kind === 'fine-tune'
      ? [
          ['all pictures as the network sees them', code(config.imagesHash)],
          ...(config.enrolled
            ? []
            : [['those of the test part', code(config.testHash)] as [string, Content]]),
        ]
      : config.tasks.map(({ name, hash }) => [`pictures of ${name}`, code(hash)]);
  return {
    id: 'hashes',
    title: 'Hashes',
    content: html`
      <p>SHA-256, to see later that a detector, its data and their split are those of this report.</p>
      <div class="hashes">
        ${definitions([
          ['folder of the run', code(folder)],
          ['weights written on', 'value' in date ? date.value : 'there are none'],
          ...ofFiles,
          ['split', code(config.splitHash)],
          ...ofData,
        ])}
      </div>
    `,
  };
}
