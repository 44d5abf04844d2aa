/** Checks of the framework's own numbers: every op against float64, and folders of reference values. */
export { type Basis, type BasisOp, basisOf } from './basis.ts';
export { bounds, type Check, HIGHEST_ORDER } from './bounds.ts';
export { type Allowance, type Case, certifies } from './case.ts';
export { allCases } from './cases/index.ts';
export { type CertifyOptions, certify, type Finding } from './certify.ts';
export { emptyAccepted } from './empty.ts';
export { certifyOracle, type OracleReport } from './oracle/index.ts';
export { failureText, noteText, type Table, tableText, tabulate } from './report.ts';
export { uncertified } from './uncertified.ts';
