import { readFileSync } from 'node:fs';
import { UsageError } from '../../src/cli/errors.ts';
import { expand } from '../../src/device/expand.ts';
import { type Device, type Kernel, type ShaderName, shaderSource } from '../../src/device/index.ts';
import { SHADERS } from '../../src/device/shaders.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { type Entry, type Numbers, parseGiven, parseNumbers } from './case.ts';
import { loadCase } from './dispatch.ts';
import { DeviceNoise, hostNoise, largeOn, loadOperation, planOf } from './operation.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import { SHADER_ENTRIES } from './shaders.ts';
import type { Subject } from './subject.ts';

/** What was asked for, beside the names. */
export interface Choice {
  /** Shapes instead of the usual ones. */
  readonly shapes: readonly string[];
  /** Awkward shapes instead of large ones. */
  readonly check: boolean;
  /** A variant: another text for the shader, other constants, or both. */
  readonly file?: string;
  readonly constants?: string;
}

/** Something to time, not on the device yet. */
export interface Candidate {
  readonly kernel: string;
  readonly shape: string;
  readonly variant: string;
  readonly load: (stopwatch: Stopwatch) => Promise<Subject>;
}

const SHIPPED = 'shipped';

/** `my_variant.wgsl, ROWS=4` */
const variantName = ({ file, constants }: Choice): string =>
  [file, constants].filter((part) => part !== undefined).join(', ');

const hasVariant = ({ file, constants }: Choice): boolean => file !== undefined || constants !== undefined;

/** The text of a shader's variant: that of a file, or its own, for a variant that only has other constants. */
function textOf(shader: string, { file }: Choice): string {
  if (file === undefined) return shaderSource(shader as ShaderName);
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--file ${file}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Everything that is to be timed. A name is that of an operation, or of a shader; none are all operations.
 * @throws UsageError for an unknown name or shape, and for a variant of what has none
 */
export function chooseCandidates(names: readonly string[], choice: Choice, device: Device): Candidate[] {
  const noise = new DeviceNoise(device);
  if (hasVariant(choice) && (names.length !== 1 || names[0] in OPERATIONS))
    throw new UsageError(
      '--file and --constants make a variant of one shader; name that shader and nothing else',
    );
  const chosen = names.length > 0 ? names : Object.keys(OPERATIONS);
  return chosen.flatMap((name) => {
    if (name in OPERATIONS) return ofOperation(name, choice, device, noise);
    if (name in SHADER_ENTRIES) return ofEntry(name, SHADER_ENTRIES[name], choice, device);
    if (name in SHADERS) return ofShader(name, choice, device, noise);
    throw new UsageError(
      `unknown kernel "${name}"; there are the operations ${Object.keys(OPERATIONS).join(', ')} and the shaders ${Object.keys(SHADERS).join(', ')}`,
    );
  });
}

const shapesOf = ({ shapes, check }: Choice, operation: Operation, device: Device): readonly string[] => {
  const wanted = shapes.length > 0 ? shapes : check ? [operation.check] : operation.shapes(largeOn(device));
  for (const shape of wanted) parseNumbers(shape, operation.extents);
  return wanted;
};

const ofOperation = (kernel: string, choice: Choice, device: Device, noise: DeviceNoise): Candidate[] =>
  shapesOf(choice, OPERATIONS[kernel], device).map((shape) => {
    const what = { kernel, shape, variant: SHIPPED };
    return {
      ...what,
      load: (stopwatch) => loadOperation(device, stopwatch, noise, OPERATIONS[kernel], what),
    };
  });

/** A shader that the bench dispatches itself. */
function ofEntry(kernel: string, entry: Entry, choice: Choice, device: Device): Candidate[] {
  const usual: Numbers = {
    ...entry.constants,
    ...('LANES' in entry.constants && { LANES: device.capabilities.lanes }),
  };
  const forms = [{ variant: SHIPPED, source: shaderSource(kernel as ShaderName), constants: usual }];
  if (hasVariant(choice))
    forms.push({
      variant: variantName(choice),
      source: textOf(kernel, choice),
      constants: parseNumbers(choice.constants ?? '', usual),
    });
  const shapes = choice.shapes.length > 0 ? choice.shapes : choice.check ? entry.checks : entry.shapes;
  return shapes.flatMap((shape) => {
    const extents = parseNumbers(shape, entry.extents);
    return forms.map(({ variant, source, constants }) => ({
      kernel,
      shape,
      variant,
      load: (stopwatch) =>
        loadCase(device, stopwatch, entry.make(source, extents, constants), { shape, variant }),
    }));
  });
}

/** A shader as the compiler dispatches it, in the first operation that has it. */
function ofShader(kernel: string, choice: Choice, device: Device, noise: DeviceNoise): Candidate[] {
  for (const operation of Object.values(OPERATIONS)) {
    const { dispatches } = planOf(operation, operation.check, hostNoise, device);
    const used = dispatches.find((d) => d.kernel.name === kernel)?.kernel;
    if (used === undefined) continue;
    const forms = [{ variant: SHIPPED, replace: (k: Kernel) => k }];
    if (hasVariant(choice))
      forms.push({ variant: variantName(choice), replace: replacement(kernel, used, choice) });
    return shapesOf(choice, operation, device).flatMap((shape) =>
      forms.map(({ variant, replace }) => {
        const what = { kernel, shape, variant };
        return {
          ...what,
          load: (stopwatch) => loadOperation(device, stopwatch, noise, operation, what, { kernel, replace }),
        };
      }),
    );
  }
  throw new UsageError(`no operation of this bench runs the shader "${kernel}" on this adapter`);
}

/**
 * What puts a variant in the place of a kernel as the compiler makes it: constants keep their values where none are given, and
 * the grid stays, so those that it depends on must not change.
 */
function replacement(kernel: string, used: Kernel, choice: Choice): (kernel: Kernel) => Kernel {
  const shipped = shaderSource(kernel as ShaderName);
  const text = textOf(kernel, choice);
  const given = (names: Numbers) => parseGiven(choice.constants ?? '', Object.keys(names));
  if (used.source === shipped) {
    const constants = given(used.constants);
    return (k) => ({ ...k, source: text, constants: { ...k.constants, ...constants } });
  }
  const unrolled = unrolledConstants(used.source);
  if (expand(shipped, unrolled) !== used.source)
    throw new UsageError(
      `the compiler writes into the shader "${kernel}", so no file can take its place; an entry in bench/kernels/shaders.ts could set it up`,
    );
  const constants = given(unrolled);
  return (k) => ({ ...k, source: expand(text, { ...unrolledConstants(k.source), ...constants }) });
}

/** The constants that a template was unrolled with, which it declares. */
const unrolledConstants = (source: string): Numbers =>
  Object.fromEntries([...source.matchAll(/^const ([A-Z]\w*) = (\d+)u;$/gm)].map((m) => [m[1], Number(m[2])]));
