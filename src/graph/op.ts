import type { Capabilities } from '../device/capabilities.ts';
import type { Kernel } from '../device/kernel.ts';
import type { Tensor } from './tensor.ts';

/** Static parameters of a node: plain JSON, so that equal nodes can be recognised and printed. */
export type Attrs = Readonly<Record<string, unknown>>;

/**
 * What a node computes and how it is differentiated. `vjp` has no default: an op without a rule does not type-check.
 * Rules build more graph out of public ops only, which is why every derivative can be differentiated again.
 */
export interface Op {
  readonly name: string;
  /**
   * Vector-Jacobian product: given the cotangent of the node's value (same shape), the cotangents of its inputs.
   * `null` says that no derivative flows to that input (integers, masks, piecewise constants). `'expansion'` says
   * that the rule is to differentiate what the op expands to.
   */
  readonly vjp: VjpRule | 'expansion';
  readonly lowering: Lowering;
}

export type VjpRule = (node: Tensor, cotangent: Tensor) => readonly (Tensor | null)[];

/**
 * The op for all tasks of a batch at once. The inputs are the node's with one more leading axis: of extent `tasks`, or of 1
 * where all tasks share the input. The result is [tasks, ...node.shape].
 */
export type BatchRule = (node: Tensor, inputs: readonly Tensor[], tasks: number) => Tensor;

/**
 * How the compiler turns a node into work for the device. What works element by element, by views or by reductions is
 * batched alike for all ops; the others say by `batch` how a leading task axis is handled.
 */
export type Lowering =
  /** Has a value before the plan runs: an input of the traced function, host data or a device array. */
  | { readonly kind: 'source' }
  /** One number (attribute `value`) everywhere; never stored. */
  | { readonly kind: 'constant' }
  /** The index along attribute `axis`; never stored. */
  | { readonly kind: 'iota' }
  /**
   * A function of one element of each input, all of the node's shape. `wgsl` gets one expression per input and must
   * hold for scalars and for vectors of four alike: `F` and `I` are the float and integer types in force.
   */
  | {
      readonly kind: 'elementwise';
      readonly wgsl: (...args: string[]) => string;
      /** The constant second operand that leaves the first unchanged. */
      readonly neutral?: number;
      /** Whether the operands may change places. */
      readonly commutative?: boolean;
      /** Costs much more than a multiplication, so better stored than computed twice. */
      readonly costly?: boolean;
    }
  /** Another way to index the input: moves no data by itself. */
  | { readonly kind: 'view'; readonly view: ViewKind }
  /** Reduction over attribute `axes`, which stay as extents of 1. */
  | { readonly kind: 'reduce'; readonly combine: 'sum' | 'max' }
  /** Replaced by this expression of public ops before scheduling: a fused op with a derivative of its own. */
  | { readonly kind: 'expand'; readonly expand: (node: Tensor) => Tensor; readonly batch: BatchRule }
  /** Replaced by what suits the device. */
  | {
      readonly kind: 'choose';
      readonly choose: (node: Tensor, device: Capabilities) => Tensor;
      readonly batch: BatchRule;
    }
  /** A hand-written kernel over contiguous inputs. */
  | {
      readonly kind: 'kernel';
      readonly kernel: KernelRule;
      /** Whether the kernel reads its first input, [N,C,H,W], by the text that it is given, and so may compute it itself. */
      readonly inlines?: (node: Tensor) => boolean;
      readonly batch: BatchRule;
      readonly rows?: RowRule;
      /** Another node of the same inputs and attributes, if there is one, may come out of the same kernel. */
      readonly joint?: JointKernel;
    };

/** The kernel of a node; `input` is for those that inline their first input. */
export type KernelRule = (node: Tensor, device: Capabilities, input: InlineInput) => Kernel;

/** A kernel that computes two nodes at once, given the one of the op that is named first. */
export interface JointKernel {
  readonly ops: readonly [string, string];
  readonly kernel: KernelRule;
}

/**
 * The text by which a kernel reads its first input, one number or (`vector`) four along a row at a time. `dims` are the kernel's
 * own numbers.
 */
export type InlineInput = (vector: boolean, dims: Readonly<Record<string, number>>) => InlineText;

/** Parts of a shader, for the `//{...}` lines of a template. */
export interface InlineText {
  /** `alias F` for the type of what is read, functions, and the struct `Dims`. */
  readonly declarations: string;
  /** The buffers that are read, from binding 1 on. */
  readonly inputs: string;
  /** How many these are. */
  readonly bindings: number;
  /** What is the same all over a plane, by the names `n` and `c` of the plane. */
  readonly plane: string;
  /** Sets a variable of type F to the value at a place of the plane, counted in F. */
  readonly read: (variable: string, place: string) => string;
  /** Content of the struct. */
  readonly words: Kernel['dims'];
  /** Operations per number. */
  readonly operations: number;
}

/**
 * The inputs, by number, whose leading axes go along with the result's in proportion, where a kernel treats its rows apart
 * from each other: images with images, each task's weights with that task's images. A result of fewer rows than an
 * input is the sum over the rows that belong to each. Where a value is larger than a device binds at once, such a kernel computes
 * it part by part; other inputs it gets whole. Without such a rule it must have everything whole.
 */
export type RowRule = readonly [number, ...number[]];

/**
 * The movement ops; their attributes say how an index of the output becomes an index of the first input, the one that
 * they show. `after` shows it as it is, but what reads it waits until the other inputs are computed; two of them with
 * different others are not taken for equal.
 */
export type ViewKind = 'reshape' | 'expand' | 'permute' | 'slice' | 'flip' | 'pad' | 'identity' | 'after';
