/** Reports: one HTML file that needs no other, with a table beside it. */

export { reportEnrolled } from './enrolled.ts';
export { reportExperiments } from './experiment.ts';
export { reportFineTuned } from './fine-tuned.ts';
export { reportMetaTrained } from './meta-trained.ts';
export type { Report } from './report.ts';
export type { ReportHooks } from './subject.ts';
export { type ReportRequest, type WrittenReport, writeReport } from './write.ts';
