import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { cellFiles, type Result, type Table } from '../experiments/index.ts';
import { bestOf } from '../medetection/index.ts';
import { type ExperimentRecord, experimentFile, readExperiment } from './experiment-file.ts';
import type { Report } from './fine-tuned.ts';
import { find } from './found.ts';
import { type Content, html } from './html.ts';
import { counted, decimals } from './numbers.ts';
import { renderPage } from './page.ts';
import { figures, image, leftOut, type Section, table } from './parts.ts';
import { svgPicture, thumbnail } from './picture.ts';

/**
 * The report of an experiment: what differs from the paper, tables, figures, and cells with links to their runs.
 * @param out where the file will be, from which the links lead
 * @throws when its results cannot be read.
 */
export async function reportExperiment(folder: string, out: string): Promise<Report> {
  const record = await readExperiment(folder);
  const { title, notes, tables, results, missing, request } = record;
  const all = results.length + missing.length;
  return {
    html: renderPage({
      kind: 'Experiment report',
      title,
      lead: html`
        <p class="lead">
          ${
            missing.length === 0
              ? `All ${counted(all, 'cell')} are finished.`
              : `${missing.length} of ${counted(all, 'cell')} are not finished: what follows is of those that are.`
          }
        </p>
      `,
      sections: [
        { id: 'differs', title: 'What was computed, beside the paper', content: list(notes) },
        ...tables.map(tableSection),
        await plotsSection(folder),
        cellsSection(folder, out, record),
        { id: 'request', title: 'Request', content: html`<pre>${JSON.stringify(request, null, 1)}</pre>` },
      ],
      footer: html`<p>Written by medetection from ${join(folder, experimentFile)}. This file loads nothing.</p>`,
    }),
    csv: stringify(
      results.map((result) => ({
        id: result.cell.id,
        kind: result.kind,
        target: result.cell.target,
        seed: result.cell.seed,
        seconds: result.seconds,
        auroc: result.kind === 'fine-tune' ? bestOf(result.epochs).test.auroc : undefined,
      })),
      { header: true },
    ),
  };
}

const list = (items: readonly string[]): Content =>
  html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;

const tableSection = ({ name, title, notes, columns, rows }: Table): Section => ({
  id: `table-${name}`,
  title,
  content: html`
    ${list(notes)}
    ${table(
      columns,
      rows.map((row) => row.map((value) => (typeof value === 'number' ? decimals(value) : value))),
    )}
  `,
});

/** The longer side of a picture that an experiment has drawn, in pixels, at most. */
const SIDE = 900;

/** The figures that the experiment has drawn into its folder. Of a plot there is an SVG file, which is shown, and a PNG file. */
async function plotsSection(folder: string): Promise<Section> {
  const drawn = await find(async () => {
    const names = (await readdir(folder)).sort();
    const shown = names.filter(
      (name) =>
        name.endsWith('.svg') || (name.endsWith('.png') && !names.includes(name.replace(/png$/, 'svg'))),
    );
    return Promise.all(
      shown.map(async (name) => {
        const path = join(folder, name);
        const picture = name.endsWith('.svg')
          ? svgPicture(await readFile(path, 'utf8'))
          : await thumbnail(path, SIDE);
        return image(picture, name, name);
      }),
    );
  });
  const content =
    'leftOut' in drawn
      ? leftOut('the figures', drawn.leftOut)
      : drawn.value.length === 0
        ? leftOut('figures', 'The experiment has drawn none into its folder.')
        : figures(...drawn.value);
  return { id: 'figures', title: 'Figures', content };
}

/** The cells: what each came to, and where its run is. */
function cellsSection(folder: string, out: string, { results, missing }: ExperimentRecord): Section {
  return {
    id: 'cells',
    title: 'Cells',
    content: html`
      ${table(
        ['cell', 'target', 'seed', 'result', 'seconds'],
        results.map((result) => [
          linked(folder, out, result.cell.id),
          result.cell.target,
          result.cell.seed,
          outcome(result),
          Math.round(result.seconds),
        ]),
        'Of a fine-tuning, the test AUROC of the epoch that is kept; of a meta-training, the query loss of its last step.',
      )}
      ${missing.length > 0 && html`<h3>Not finished</h3>${list(missing)}`}
    `,
  };
}

function outcome(result: Result): string {
  switch (result.kind) {
    case 'fine-tune':
      return `AUROC ${decimals(bestOf(result.epochs).test.auroc)}`;
    case 'meta-train':
      return `loss ${decimals(result.losses[result.losses.length - 1])}`;
    case 'localise':
      return counted(result.panels.length, 'picture');
  }
}

/** A cell's name, as a link to the report of its run, or else to its folder, where these are. */
function linked(folder: string, out: string, id: string): Content {
  const run = cellFiles.run(dirname(folder), id);
  const place = [join(run, 'report.html'), run].find((path) => existsSync(path));
  if (place === undefined) return id;
  const address = relative(dirname(out), place).split(/[\\/]/).map(encodeURIComponent).join('/');
  return html`<a href=${address}>${id}</a>`;
}
