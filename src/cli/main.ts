#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addCertify } from './certify.ts';
import { addConfig } from './config.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { addEnroll } from './enroll.ts';
import { addEvaluate } from './evaluate.ts';
import { addExperiment } from './experiment.ts';
import { addExplain } from './explain.ts';
import { addFineTune } from './fine-tune.ts';
import { addInspect } from './inspect.ts';
import { addLocalise } from './localise.ts';
import { addMetaTrain } from './meta-train.ts';
import { addPredict } from './predict.ts';
import { runProgram } from './program.ts';
import { addReport } from './report.ts';
import { addReproduce } from './reproduce.ts';
import { addTasks } from './tasks.ts';
import { addTune } from './tune.ts';
import { addWeights } from './weights.ts';

const { version, description } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

await runProgram(new Command('medetection').description(description).version(version), [
  addCertify,
  addDemo,
  addDoctor,
  addTune,
  addTasks,
  addConfig,
  addMetaTrain,
  addFineTune,
  addEnroll,
  addEvaluate,
  addPredict,
  addExplain,
  addLocalise,
  addWeights,
  addExperiment,
  addReport,
  addReproduce,
  addInspect,
]);
