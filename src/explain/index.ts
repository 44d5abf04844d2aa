/** Where on a picture a detector's score comes from, and what to compare it with. */
export * from './best-reference.ts';
export * from './cam.ts';
export * from './explainer.ts';
export * from './localise.ts';
export * from './panel.ts';
export * from './pictures.ts';
