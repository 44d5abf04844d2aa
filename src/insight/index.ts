export * from './curvature.ts';
export * from './graph-size.ts';
export * from './inner-loop.ts';
export * from './inspect.ts';
export * from './inspected.ts';
export * from './meta-gradient.ts';
export * from './plots.ts';
