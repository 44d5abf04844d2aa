import { type Tensor, tensor } from '../../graph/index.ts';
import type { Random } from '../../random.ts';
import { type Characters, DRAWERS, SIDE, turn } from './data.ts';

/** Quarters of a circle by which a character may be turned to give another class. */
const TURNS = 4;

/** How characters are divided: those to meta-train on, and those to measure on. */
export interface Division {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/**
 * Divides the characters at random, whatever their alphabets (Finn et al. 2017, section 5.2: 1,200 to train on).
 * @throws when there are too few for both.
 */
export function divide(random: Random, characters: number, train: number): Division {
  if (!(train < characters))
    throw new Error(
      `omniglot: trainCharacters ${train} leaves none of ${characters} characters to measure on`,
    );
  const order = random.shuffle(Array.from({ length: characters }, (_, i) => i));
  return { train: order.slice(0, train), test: order.slice(train) };
}

/** A class of a task: a character turned by quarters of a circle, and who drew its images. */
export interface TaskClass {
  readonly character: number;
  readonly quarters: number;
  /** Of the support images, then of the query images; all different. */
  readonly drawers: readonly number[];
}

/** What a task is made of. */
export interface TaskShape {
  /** N, classes. */
  readonly way: number;
  /** K, support images of a class. */
  readonly shots: number;
  /** Query images of a class. */
  readonly queries: number;
}

/** `count` different elements in random order. */
const sample = <T>(random: Random, items: readonly T[], count: number): T[] =>
  random.shuffle([...items]).slice(0, count);

const drawers = Array.from({ length: DRAWERS }, (_, i) => i);

/** Draws a task: different characters, each turned at random, each drawn by different people. */
export const drawTask = (
  random: Random,
  characters: readonly number[],
  { way, shots, queries }: TaskShape,
): TaskClass[] =>
  sample(random, characters, way).map((character) => ({
    character,
    quarters: random.int(TURNS),
    drawers: sample(random, drawers, shots + queries),
  }));

/** A task's images [way * images per class, 1, 28, 28], image i being of class i modulo `way`; or those of many tasks. */
export type TaskImages = { readonly support: Tensor; readonly query: Tensor };

/** The images of some tasks, which lie along a leading axis. */
export function taskImages(
  { image }: Characters,
  tasks: readonly (readonly TaskClass[])[],
  { way, shots, queries }: TaskShape,
): TaskImages {
  const part = (first: number, count: number): Tensor => {
    const pixels = tasks.flatMap((classes) =>
      Array.from({ length: count }, (_, k) =>
        classes.map(({ character, quarters, drawers }) =>
          turn(image(character, drawers[first + k]), quarters),
        ),
      ).flat(),
    );
    const data = new Float32Array(pixels.length * SIDE * SIDE);
    pixels.forEach((p, i) => {
      data.set(p, i * p.length);
    });
    return tensor(data, [tasks.length, way * count, 1, SIDE, SIDE]);
  };
  return { support: part(0, shots), query: part(shots, queries) };
}
