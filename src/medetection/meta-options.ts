/** The members of the MAML family that meta-training can run. */
export const algorithms = [
  'maml',
  'fomaml',
  'reptile',
  'anil',
  'boil',
  'meta-sgd',
  'maml++',
  'imaml',
] as const;
export type Algorithm = (typeof algorithms)[number];

/** How the losses of the support pairs become the inner loss: their mean, or, as the paper writes it (eq. 3), their sum. */
export const innerLosses = ['mean', 'sum'] as const;
export type InnerLoss = (typeof innerLosses)[number];

/** Which tasks a meta-step takes: drawn anew each time, or one after another in the order of their names. */
export const taskOrders = ['shuffled', 'cyclic'] as const;
export type TaskOrder = (typeof taskOrders)[number];

/** The inner loop's rules of descent. */
export const innerOptimisers = ['sgd', 'momentum', 'adam'] as const;
export type InnerOptimiser = (typeof innerOptimisers)[number];

export interface MetaTrainOptions {
  /** Meta-steps in all. */
  readonly iterations: number;
  /** Tasks per meta-step, without repetition. */
  readonly tasksPerStep: number;
  readonly taskOrder: TaskOrder;
  /** Pairs per support set and per query set. */
  readonly support: number;
  readonly query: number;
  /** Query sets half defective, or in the task's own proportion (support sets are balanced). */
  readonly queryMix: 'balanced' | 'natural';
  readonly algorithm: Algorithm;
  /** The inner rate; of algorithms that learn theirs, where they start. */
  readonly innerRate: number;
  readonly innerSteps: number;
  readonly innerOptimiser: InnerOptimiser;
  readonly innerLoss: InnerLoss;
  /**
   * Whether support and query pairs share one batch whose statistics normalise both, as in the published code (the inner loop
   * then sees something of the query set).
   */
  readonly jointNorm: boolean;
  /** Sizes in pixels at which images are shown, one drawn for each meta-step (default: the model's). */
  readonly scales?: readonly number[];
  /** Whether the linear head is zero whenever adaptation starts (the zeroing trick). */
  readonly zeroHead: boolean;
  /** Adam's rate for the meta-step, and its beta1. */
  readonly outerRate: number;
  readonly beta1: number;
  /** The parts of maml++, of no effect in other algorithms: learned rates for every tensor and step, */
  readonly stepRates: boolean;
  /** query losses after every inner step, annealed to the last one's over `annealSteps`, */
  readonly multiStepLoss: boolean;
  /** first order during `annealSteps`, second order from then on, */
  readonly annealOrder: boolean;
  /** scales and shifts of the normalisations for every inner step, */
  readonly stepNorms: boolean;
  /** running statistics of the normalisations for every inner step, by which a run adapts when it is inspected, */
  readonly stepStatistics: boolean;
  /** and an outer rate that falls to 0 along a cosine over all meta-steps. */
  readonly cosineRate: boolean;
  /** Meta-steps over which maml++ anneals. */
  readonly annealSteps: number;
  /** Of imaml: the weight of the distance to the initial parameters in the inner objective, and steps of conjugate gradients. */
  readonly lambda: number;
  readonly cgSteps: number;
  /** Training ends where an inner step adds more than so many times a tensor's norm before the first step, or 1 if that is less. */
  readonly explodes: number;
  /** Most tasks computed at once (default: all). Fewer take less memory and give the same meta-gradient, but for rounding. */
  readonly microBatch?: number;
  /** Most scratch memory of a plan, in MiB (default: as much as it takes): values are then computed anew instead of kept. */
  readonly memoryBudget?: number;
}

/**
 * MAML of second order on a schedule that ends within minutes on a processor: 4 tasks a step, 20 support and 20 query pairs, one inner
 * step. For the paper's numbers see the preset `paper`.
 */
export const defaultMetaTrain: MetaTrainOptions = {
  iterations: 160,
  tasksPerStep: 4,
  taskOrder: 'shuffled',
  support: 20,
  query: 20,
  queryMix: 'natural',
  algorithm: 'maml',
  innerRate: 0.01,
  innerSteps: 1,
  innerOptimiser: 'sgd',
  innerLoss: 'mean',
  jointNorm: false,
  zeroHead: false,
  outerRate: 1e-3,
  beta1: 0.5,
  stepRates: true,
  multiStepLoss: true,
  annealOrder: true,
  stepNorms: true,
  stepStatistics: true,
  cosineRate: true,
  annealSteps: 40,
  lambda: 1,
  cgSteps: 5,
  explodes: 1000,
};

/** Options with some replaced. MAML++ takes 5 inner steps unless told otherwise, as in its paper: its losses and rates are of every step. */
export const withAlgorithm = (
  options: MetaTrainOptions,
  replaced: Partial<MetaTrainOptions>,
): MetaTrainOptions => ({
  ...options,
  innerSteps: replaced.algorithm === 'maml++' ? 5 : options.innerSteps,
  ...replaced,
});

/** The defaults of an algorithm. */
export const defaultsOf = (algorithm: Algorithm): MetaTrainOptions =>
  withAlgorithm(defaultMetaTrain, { algorithm });
