import { tensor } from '../../graph/index.ts';
import type { Random } from '../../random.ts';
import type { Points } from './model.ts';

/** A task: the function y = amplitude sin(x - phase). */
export interface Sinusoid {
  readonly amplitude: number;
  readonly phase: number;
}

/** The distribution of tasks of Finn et al. 2017, section 5.1: all uniform. */
const AMPLITUDE = [0.1, 5] as const;
const PHASE = [0, Math.PI] as const;
const X = [-5, 5] as const;

const uniform = (random: Random, range: readonly [number, number]): number =>
  range[0] + (range[1] - range[0]) * random.next();

/** The data of a task, or of a batch of tasks with a leading axis: points to adapt on, and others to judge by. */
export type SinusoidData = { readonly support: Points; readonly query: Points };

/** Draws a task. */
export const drawSinusoid = (random: Random): Sinusoid => ({
  amplitude: uniform(random, AMPLITUDE),
  phase: uniform(random, PHASE),
});

/** Draws `count` places to look at a function, uniform in [-5, 5). */
export function drawPlaces(random: Random, count: number): Float32Array {
  const places = new Float32Array(count);
  for (let i = 0; i < count; i++) places[i] = uniform(random, X);
  return places;
}

/** `count` places from -5 to 5, both included, at equal distances. */
export const grid = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => X[0] + ((X[1] - X[0]) * i) / (count - 1));

/** The values of functions, each at places of its own, as points [tasks, places, 1]. */
export function points(functions: readonly Sinusoid[], places: readonly Float32Array[]): Points {
  const count = places[0].length;
  const x = new Float32Array(functions.length * count);
  const y = new Float32Array(functions.length * count);
  functions.forEach(({ amplitude, phase }, task) => {
    x.set(places[task], task * count);
    for (let i = task * count; i < (task + 1) * count; i++) y[i] = amplitude * Math.sin(x[i] - phase);
  });
  const shape = [functions.length, count, 1];
  return { x: tensor(x, shape), y: tensor(y, shape) };
}

/** Draws `count` tasks with `shots` support and `shots` query points each: leaves [count, shots, 1]. */
export function drawTasks(random: Random, count: number, shots: number): SinusoidData {
  const functions = Array.from({ length: count }, () => drawSinusoid(random));
  const sample = () =>
    points(
      functions,
      functions.map(() => drawPlaces(random, shots)),
    );
  return { support: sample(), query: sample() };
}
