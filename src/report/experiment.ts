import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { cellFiles, type Result, type Table } from '../experiments/index.ts';
import { bestOf } from '../medetection/index.ts';
import { type ExperimentRecord, experimentFile, readExperiment } from './experiment-file.ts';
import { find } from './found.ts';
import { type Content, html } from './html.ts';
import { counted, decimals } from './numbers.ts';
import { renderPage } from './page.ts';
import { figures, image, leftOut, type Section, table } from './parts.ts';
import { svgPicture, thumbnail } from './picture.ts';
import type { Report } from './report.ts';

/**
 * The report of experiments that share their cells: of each what differs from the paper, its tables and figures; then all cells, with
 * links to their runs.
 * @param folders of the experiments, as {@link experimentsIn} lists them.
 * @param out where the file will be, from which the links lead
 * @throws when their results cannot be read.
 */
export async function reportExperiments(folders: readonly string[], out: string): Promise<Report> {
  const records: ExperimentRecord[] = [];
  for (const folder of folders) records.push(await readExperiment(folder));
  const results = new Map(records.flatMap((record) => record.results.map((one) => [one.cell.id, one])));
  const missing = new Set(records.flatMap((record) => record.missing));
  const sections: Section[] = [];
  for (const [i, record] of records.entries()) {
    const parts = await partsOf(folders[i], record);
    sections.push(...(records.length === 1 ? parts : [together(record, parts)]));
  }
  const cells = { results: [...results.values()], missing: [...missing] };
  const [first] = records;
  return {
    html: renderPage({
      kind: 'Experiment report',
      title: records.length === 1 ? first.title : counted(records.length, 'experiment'),
      lead: html`<p class="lead">${completeness(cells)}</p>`,
      sections: [
        ...sections,
        cellsSection(dirname(folders[0]), out, cells),
        {
          id: 'request',
          title: 'Request',
          content: records.map(({ request }) => html`<pre>${JSON.stringify(request, null, 1)}</pre>`),
        },
      ],
      footer: html`
        <p>
          Written by medetection from ${folders.map((folder) => join(folder, experimentFile)).join(', ')}. This file loads
          nothing.
        </p>
      `,
    }),
    csv: stringify(
      cells.results.map((result) => ({
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

type Cells = Pick<ExperimentRecord, 'results' | 'missing'>;

function completeness({ results, missing }: Cells): string {
  const all = counted(results.length + missing.length, 'cell');
  return missing.length === 0
    ? `All ${all} are finished.`
    : `${missing.length} of ${all} are not finished: what follows is of those that are.`;
}

/** What an experiment shows, but for its cells. */
const partsOf = async (folder: string, { notes, tables }: ExperimentRecord): Promise<Section[]> => [
  { id: 'differs', title: 'What was computed, beside the paper', content: list(notes) },
  ...tables.map(tableSection),
  await plotsSection(folder),
];

/** The parts of an experiment as one section, where it is not the only one. */
const together = ({ title, request }: ExperimentRecord, parts: readonly Section[]): Section => ({
  id: request.experiment,
  title,
  content: parts.map((part) => html`<h3>${part.title}</h3>${part.content}`),
});

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

/** The cells of a folder: what each came to, and where its run is. */
function cellsSection(folder: string, out: string, { results, missing }: Cells): Section {
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
  const run = cellFiles.run(folder, id);
  const place = [join(run, 'report.html'), run].find((path) => existsSync(path));
  if (place === undefined) return id;
  const address = relative(dirname(out), place).split(/[\\/]/).map(encodeURIComponent).join('/');
  return html`<a href=${address}>${id}</a>`;
}
