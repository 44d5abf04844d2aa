import { Arena } from './arena.ts';
import { BufferPool } from './buffer-pool.ts';
import { type AdapterInfo, type Capabilities, capabilitiesOf } from './capabilities.ts';
import { DeviceError, DeviceHungError, DeviceLostError } from './errors.ts';
import { pipelineFailure } from './pipeline-failure.ts';
import { beginWait } from './polling.ts';
import type { Tuning } from './tuning.ts';
import type { OnCompile } from './warm-up.ts';

export type Runtime = 'node' | 'deno' | 'browser';

/** How many storage buffers a kernel reads and writes. */
export interface Bindings {
  readonly inputs: number;
  readonly outputs: number;
}

export interface DeviceOptions {
  readonly gpu: GPUDevice;
  readonly runtime: Runtime;
  readonly adapterInfo: AdapterInfo;
  /** Longest time that a `guard` waits, in seconds. */
  readonly watchdogSeconds: number;
  /** What was found for the adapter; the default tuning if not given. */
  readonly tuning?: Tuning;
}

/**
 * A WebGPU device with what every user of one needs: pipelines cached by source and constants, waits that end (watchdog,
 * device loss), and no error that goes unseen. Made by `openDevice`.
 */
export class Device {
  readonly gpu: GPUDevice;
  readonly runtime: Runtime;
  readonly adapterInfo: AdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: GPUSupportedLimits;
  readonly capabilities: Capabilities;
  /** Whether the tuning was found for this adapter. */
  readonly tuned: boolean;
  readonly watchdogSeconds: number;
  /** Buffers of arrays that users hold. */
  readonly buffers: BufferPool;
  /** Scratch buffers of plans. */
  readonly arena: Arena;

  /** Pipelines that have run on a software adapter, and so are compiled. */
  readonly warm = new WeakSet<GPUComputePipeline>();
  /** Is told how kernels of a new plan are compiled, where that takes time after they are made. */
  onCompile: OnCompile | undefined;

  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #refused = new Map<string, Error>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** Verdicts on pipelines that are still on their way. */
  readonly #verdicts = new Set<Promise<void>>();
  /** Errors that no wait has thrown yet. */
  readonly #errors: Error[] = [];
  /** Ends every wait in progress. */
  readonly #waits = new Set<(reason: Error) => void>();
  #failure: Error | undefined;

  constructor(options: DeviceOptions) {
    this.gpu = options.gpu;
    this.runtime = options.runtime;
    this.adapterInfo = options.adapterInfo;
    this.watchdogSeconds = options.watchdogSeconds;
    this.features = new Set(options.gpu.features as Iterable<string>);
    this.limits = options.gpu.limits;
    this.buffers = new BufferPool(options.gpu);
    this.arena = new Arena(options.gpu);
    this.capabilities = capabilitiesOf(this.adapterInfo, this.features, this.limits, options.tuning);
    this.tuned = options.tuning !== undefined;
    this.gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.#errors.push(new DeviceError(`${this.#name}: ${error.message.trim()}`));
    });
    this.gpu.lost.then(({ reason, message }) => {
      const why = `${reason ?? 'unknown reason'}${message ? `: ${message}` : ''}`;
      this.#fail(new DeviceLostError(`${this.#name} was lost (${why}); open a new device`));
    });
  }

  /** Whether waiting takes computing time from the shaders. */
  get #pollsOnOurCores(): boolean {
    return this.runtime === 'node' && this.adapterInfo.software;
  }

  get #name(): string {
    const { description, device, vendor } = this.adapterInfo;
    return `WebGPU device "${description || device || vendor || 'unknown'}"`;
  }

  /**
   * The layout of bind group 0 of a kernel: binding 0 the uniform `dims`, then the inputs (read-only storage), then the
   * outputs (storage). Explicit, so that a binding which one variant of a shader does not use stays in its place.
   */
  bindGroupLayout({ inputs, outputs }: Bindings): GPUBindGroupLayout {
    this.#assertAlive();
    const key = `${inputs},${outputs}`;
    const cached = this.#layouts.get(key);
    if (cached) return cached;
    const entry = (binding: number, type: GPUBufferBindingType): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: 4, // GPUShaderStage.COMPUTE, whose global not every runtime has before a device is opened
      buffer: { type },
    });
    const entries = [entry(0, 'uniform')];
    for (let i = 0; i < inputs; i++) entries.push(entry(1 + i, 'read-only-storage'));
    for (let i = 0; i < outputs; i++) entries.push(entry(1 + inputs + i, 'storage'));
    const layout = this.gpu.createBindGroupLayout({ label: `${inputs} in, ${outputs} out`, entries });
    this.#layouts.set(key, layout);
    return layout;
  }

  /**
   * The compute pipeline of a WGSL source with entry point `main` and these override constants, compiled once.
   * A source that does not compile is reported by the next `guard` or `check` (WebGPU tells asynchronously), and at once
   * when the same pipeline is asked for again.
   *
   * @param label the kernel's name, for errors and profiles
   * @throws KernelError if this pipeline is known to be refused
   */
  pipeline(
    source: string,
    constants: Readonly<Record<string, number>>,
    label: string,
    bindings: Bindings,
  ): GPUComputePipeline {
    this.#assertAlive();
    const key = JSON.stringify([source, constants, bindings.inputs, bindings.outputs]);
    const refused = this.#refused.get(key);
    if (refused) throw refused;
    const cached = this.#pipelines.get(key);
    if (cached) return cached;

    const layout = this.gpu.createPipelineLayout({
      label,
      bindGroupLayouts: [this.bindGroupLayout(bindings)],
    });
    this.gpu.pushErrorScope('internal');
    this.gpu.pushErrorScope('validation');
    const module = this.gpu.createShaderModule({ label, code: source });
    const pipeline = this.gpu.createComputePipeline({
      label,
      layout,
      compute: { module, entryPoint: 'main', constants: { ...constants } },
    });
    const scopes = [this.gpu.popErrorScope(), this.gpu.popErrorScope()];
    const verdict = pipelineFailure(label, source, module, scopes).then((failure) => {
      this.#verdicts.delete(verdict);
      if (!failure || this.#failure) return;
      this.#refused.set(key, failure);
      this.#pipelines.delete(key);
      // What follows from a refused pipeline (invalid bind groups, passes) would only hide the cause.
      this.#errors.unshift(failure);
    });
    this.#verdicts.add(verdict);
    this.#pipelines.set(key, pipeline);
    return pipeline;
  }

  /**
   * Waits for `promise`, but not for ever, and not for a device that is gone. Errors that the device reported since the
   * last wait are thrown here.
   *
   * @param what what is waited for, for the error: "readback of loss"
   * @throws DeviceHungError after `watchdogSeconds`; DeviceLostError after loss or `dispose` (both also for every later
   *   call); KernelError and DeviceError for refused pipelines and commands; else what `promise` rejects with
   */
  guard<T>(promise: Promise<T>, what: string): Promise<T> {
    const settled = this.#settle(promise);
    if (this.#failure) {
      settled.catch(() => {});
      return Promise.reject(this.#failure);
    }
    return new Promise<T>((resolve, reject) => {
      const seconds = this.watchdogSeconds;
      // The grace: a timer is also overdue when this thread itself was busy, and then the answer may be waiting.
      let timer = setTimeout(() => {
        timer = setTimeout(() => this.#fail(this.#hung(what)), Math.min(1000, seconds * 1000));
      }, seconds * 1000);
      const endWait = this.#pollsOnOurCores ? beginWait() : () => {};
      const end = () => {
        clearTimeout(timer);
        endWait();
        this.#waits.delete(abandon);
      };
      const abandon = (reason: Error) => {
        end();
        reject(reason);
      };
      this.#waits.add(abandon);
      settled.then((value) => {
        end();
        resolve(value);
      }, abandon);
    });
  }

  /** Throws what went wrong so far: waits for the verdicts on new pipelines and for the device's error reports. */
  async check(what = 'the check of new pipelines'): Promise<void> {
    await this.guard(Promise.resolve(), what);
  }

  /** Whether the device can still be used: not lost, hung or disposed of. */
  get usable(): boolean {
    return this.#failure === undefined;
  }

  /** Frees the device. Waits in progress and every later call fail with a DeviceLostError. Idempotent. */
  dispose(): void {
    this.#fail(new DeviceLostError(`${this.#name} was disposed`));
    this.gpu.destroy();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The value of `promise` once nothing speaks against it, or the most telling error. */
  async #settle<T>(promise: Promise<T>): Promise<T> {
    let value: T;
    try {
      value = await promise;
    } catch (cause) {
      // Why it was rejected (a loss, an earlier error) may be reported a moment after the rejection.
      await new Promise((resolve) => setTimeout(resolve, 0));
      await Promise.all(this.#verdicts);
      throw this.#failure ?? this.#takeError() ?? cause;
    }
    await Promise.all(this.#verdicts);
    const error = this.#failure ?? this.#takeError();
    if (error) throw error;
    return value;
  }

  #takeError(): Error | undefined {
    const [first, ...others] = this.#errors.splice(0);
    if (first && others.length > 0) {
      first.message += `\n(${others.length} more errors followed; the next: ${others[0].message})`;
    }
    return first;
  }

  #hung(what: string): Error {
    return new DeviceHungError(
      `${this.#name} did not finish ${what} within ${this.watchdogSeconds} s; ` +
        'give the work more time with MEDETECTION_WATCHDOG_SECONDS, or make it smaller',
    );
  }

  #fail(reason: Error): void {
    this.#failure ??= reason;
    for (const abandon of [...this.#waits]) abandon(this.#failure);
  }

  #assertAlive(): void {
    if (this.#failure) throw this.#failure;
  }
}
