/** Reports: one HTML file that needs no other, with a table beside it. */

export { reportExperiment } from './experiment.ts';
export { type Report, reportFineTuned } from './fine-tuned.ts';
export { reportMetaTrained } from './meta-trained.ts';
export type { ReportHooks } from './subject.ts';
export { type ReportRequest, type WrittenReport, writeReport } from './write.ts';
