import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readConfig } from '../medetection/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import { reportEnrolled } from './enrolled.ts';
import { reportExperiments } from './experiment.ts';
import { experimentsIn } from './experiment-file.ts';
import { reportFineTuned } from './fine-tuned.ts';
import { reportMetaTrained } from './meta-trained.ts';
import type { Report } from './report.ts';
import type { ReportHooks } from './subject.ts';

export interface ReportRequest {
  /** The folder of a run, of an experiment, or of several that share their cells. */
  readonly folder: string;
  /** The HTML file (default: report.html in the folder); the table is beside it, under the same name. */
  readonly out?: string;
  /** Where the folder of tasks is now, if it moved. */
  readonly data?: string;
}

export interface WrittenReport {
  /** Absolute paths of the files. */
  readonly html: string;
  readonly csv?: string;
}

const ENDING = /\.html$/i;

/**
 * Writes the report of a run, an experiment or several: one HTML file, and a CSV file with a line for every test picture or cell.
 * @throws when the folder is none of these, or a file cannot be written. What else is missing is left out of the report, which says
 * so.
 */
export async function writeReport(
  { folder, out = join(folder, 'report.html'), data }: ReportRequest,
  hooks: ReportHooks = {},
): Promise<WrittenReport> {
  const path = resolve(out);
  if (!ENDING.test(path)) throw new Error(`report: ${out}: the name of a report must end in .html`);
  const root = resolve(folder);
  const experiments = experimentsIn(root);
  const report =
    experiments.length > 0 ? await reportExperiments(experiments, path) : await reportRun(root, data, hooks);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, report.html);
  if (report.csv === undefined) return { html: path };
  const csv = path.replace(ENDING, '.csv');
  await writeFileAtomic(csv, report.csv);
  return { html: path, csv };
}

async function reportRun(folder: string, data: string | undefined, hooks: ReportHooks): Promise<Report> {
  const config = await readConfig(folder);
  const subject = { folder, data: data ?? config.data, hooks };
  if (config.kind === 'meta-train') return reportMetaTrained({ ...subject, config });
  return config.enrolled
    ? reportEnrolled({ ...subject, config }, config.enrolled)
    : reportFineTuned({ ...subject, config });
}
