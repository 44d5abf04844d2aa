import { compile, planBytes } from '../../src/compile/index.ts';
import { type Device, defaultDevice } from '../../src/device/index.ts';
import type { Plan } from '../../src/device/plan.ts';
import { tree } from '../../src/graph/index.ts';
import type { TaskData } from '../../src/meta/index.ts';
import { nullDevice } from '../null-device.ts';
import { interleave, type Measured, type Spread, spreadOf } from '../rounds.ts';
import type { Peer } from './peer.ts';
import { type ProfileRow, profilePlan } from './profile.ts';
import { type Batch, metaStep, type Params, type Workload } from './workload.ts';

/** One step of ours, measured; plain data, ready for JSON. */
export interface StepRow {
  readonly workload: string;
  readonly seconds: Spread;
  /** Of these, those until the commands are submitted. */
  readonly hostSeconds: Spread;
  /** Those on a device that does nothing, and the buffers that such a step makes after the first; if it was measured. */
  readonly alone?: { readonly seconds: Spread; readonly buffers: number };
  /** The first step: tracing, planning, compiling shaders (unless the driver has cached them) and running. */
  readonly coldSeconds: number;
  readonly dispatches: number;
  readonly pipelines: number;
  readonly scratchBytes: number;
  /** Its kernels, if they were asked for. */
  readonly profile?: readonly ProfileRow[];
}

export interface PeerRow {
  readonly workload: string;
  readonly peer: string;
  readonly seconds: Spread;
  /** Our time as a multiple of the peer's, round by round. */
  readonly ratio: Spread;
  readonly peakMiB?: number;
}

/** What could not be measured, and why. */
export interface Failure {
  readonly workload: string;
  readonly error: string;
}

export interface WorkloadReport {
  readonly rounds: number;
  readonly rows: readonly StepRow[];
  readonly peers: readonly PeerRow[];
  readonly failures: readonly Failure[];
}

/** What every measurement of steps needs to know. */
export interface MeasureOptions {
  readonly rounds: number;
  /** Is told how many rounds are done, and what comes next if it may take long. */
  readonly onRound: (done: number, note?: string) => void;
  readonly signal: AbortSignal;
}

/** Copies of a workload's tensors on the device, so that no step uploads them. */
const onDevice = ({ params, tasks }: Workload, device?: Device) =>
  compile((p: Params, t: readonly TaskData<Batch>[]) => ({ params: p, tasks: t }), { device })(params, tasks);

/** Steps on a device that does nothing, after so many that the runtime has compiled what they do. */
const [ALONE_WARM, ALONE_STEPS] = [100, 100];

async function hostAlone(workload: Workload): Promise<NonNullable<StepRow['alone']>> {
  const { device, buffers } = nullDevice();
  const step = metaStep(workload, device);
  const { params, tasks } = await onDevice(workload, device);
  const run = async () => {
    const start = performance.now();
    const result = await step(params, tasks, workload.rate);
    const seconds = (performance.now() - start) / 1e3;
    for (const t of tree.leaves(result)) t.dispose();
    return seconds;
  };
  for (let i = 0; i < ALONE_WARM; i++) await run();
  const before = buffers();
  const samples: number[] = [];
  for (let i = 0; i < ALONE_STEPS; i++) samples.push(await run());
  return { seconds: spreadOf(samples), buffers: (buffers() - before) / ALONE_STEPS };
}

/** A workload that runs. */
export interface LoadedStep extends Measured {
  readonly plan: Plan;
  /** What was measured, given what its rounds took. */
  readonly row: (seconds: Spread) => StepRow;
}

/** Runs a workload once. @throws when the device cannot */
export async function loadStep(name: string, workload: Workload): Promise<LoadedStep> {
  const step = metaStep(workload);
  const { params, tasks } = await onDevice(workload);
  const host: number[] = [];
  const seconds = async () => {
    const start = performance.now();
    const result = await step(params, tasks, workload.rate);
    host.push((performance.now() - start) / 1e3);
    await result.loss.data();
    const taken = (performance.now() - start) / 1e3;
    for (const t of tree.leaves(result)) t.dispose();
    return taken;
  };
  const coldSeconds = await seconds();
  const plan = await step.plan(params, tasks, workload.rate);
  const { dispatches } = plan;
  const pipelines = new Set(dispatches.map(({ kernel }) => kernel.source + JSON.stringify(kernel.constants)));
  return {
    name,
    plan,
    seconds,
    row: (rounds) => ({
      workload: name,
      seconds: rounds,
      hostSeconds: spreadOf(host.slice(-rounds.samples.length)),
      coldSeconds,
      dispatches: dispatches.length,
      pipelines: pipelines.size,
      scratchBytes: planBytes(plan),
    }),
  };
}

/** A peer's step of one workload. */
class PeerStep implements Measured {
  readonly name: string;
  readonly workload: string;
  readonly peer: Peer;
  peakMiB: number | undefined;

  constructor(peer: Peer, workload: string) {
    this.name = `${workload} ${peer.about}`;
    this.workload = workload;
    this.peer = peer;
  }

  readonly seconds = async (): Promise<number> => {
    const { ms, peakMiB } = await this.peer.step(this.workload);
    this.peakMiB = peakMiB;
    return ms / 1e3;
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Measures each workload in turn with the peers' steps of it; ours and theirs alternate. What cannot run is reported, and the
 * others are measured all the same.
 */
export async function measureWorkloads(
  workloads: Readonly<Record<string, () => Workload>>,
  peers: readonly Peer[],
  { rounds, onRound, signal, profile }: MeasureOptions & { readonly profile: boolean },
): Promise<WorkloadReport> {
  const rows: StepRow[] = [];
  const peerRows: PeerRow[] = [];
  const failures: Failure[] = [];
  const names = Object.keys(workloads);
  for (const [done, workload] of names.entries()) {
    try {
      const made = workloads[workload]();
      const ours = await loadStep(workload, made);
      const theirs: PeerStep[] = [];
      for (const step of peers.map((peer) => new PeerStep(peer, workload))) {
        onRound(done * (rounds + 1), `the first step of ${step.name}, which compiles`);
        try {
          await step.seconds();
          theirs.push(step);
        } catch (error) {
          failures.push({ workload, error: messageOf(error) });
        }
      }
      const progress = (round: number) => onRound(done * (rounds + 1) + round);
      const [mine, ...others] = await interleave([ours, ...theirs], rounds, progress, signal);
      rows.push({
        ...ours.row(mine),
        alone: await hostAlone(made),
        profile: profile ? await profilePlan(await defaultDevice(), ours.plan) : undefined,
      });
      theirs.forEach(({ peer, peakMiB }, i) => {
        const ratio = spreadOf(mine.samples.map((s, round) => s / others[i].samples[round]));
        peerRows.push({ workload, peer: peer.about, seconds: others[i], ratio, peakMiB });
      });
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push({ workload, error: messageOf(error) });
    }
  }
  return { rounds, rows, peers: peerRows, failures };
}
