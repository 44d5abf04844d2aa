import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Another framework that does the same steps. */
export interface PeerChoice {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** What to do where it does not start. */
  readonly remedy: string;
}

const script = (name: string): string => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
const deno = fileURLToPath(new URL('../../node_modules/.bin/deno', import.meta.url));

/** The peers by name. PyTorch computes on a GPU where we do. */
export function peerChoice(name: string, python: string, gpu: boolean): PeerChoice | undefined {
  const torch = [python, script('maml_step_torch.py'), '--device', gpu ? 'cuda' : 'cpu'];
  const remedy = `"${python}" must be a Python with PyTorch: name one with --python, such as --python /usr/bin/python3 after apt-get install python3-torch, or install it with ${python} -m pip install torch`;
  const jax = [
    'run',
    '-A',
    '--no-config',
    '--no-lock',
    '--node-modules-dir=none',
    script('maml_step_jax.ts'),
  ];
  const choices: Readonly<Record<string, Omit<PeerChoice, 'name'>>> = {
    torch: { command: torch, remedy },
    'torch-tf32': { command: [...torch, '--tf32'], remedy },
    'jax-js': {
      command: [deno, ...jax],
      remedy:
        'it needs the Deno that npm install brings, and once the network to fetch the npm package @jax-js/jax',
    },
  };
  return name in choices ? { name, ...choices[name] } : undefined;
}

export const PEERS = ['torch', 'torch-tf32', 'jax-js'];

/** A step as the peer timed it. */
interface Taken {
  readonly ms: number;
  readonly peakMiB?: number;
}

/** A peer at work: a process that does a step whenever it is asked to, so that ours and its steps can take turns. */
export interface Peer {
  /** What it says that it is, with its version and device. */
  readonly about: string;
  /** Does one step. @throws with what the peer says, if it cannot */
  readonly step: (workload: string) => Promise<Taken>;
  readonly close: () => void;
}

/** @throws when it does not start, with what it wrote and what to do about it */
export async function startPeer({ name, command, remedy }: PeerChoice): Promise<Peer> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: 'pipe' });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text;
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', (error) => {
      complaints += error.message;
      resolve();
    });
  });
  // Of a peer that ended: the answer, which does not come, tells so.
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** Its next line. @throws with what it wrote last, if it ended */
  const next = async (what: string) => {
    // Of a program that is not there, not every runtime ends the output.
    const line = await Promise.race([lines.next(), ended]);
    if (line?.value !== undefined) return JSON.parse(line.value);
    await ended;
    throw new Error(`peer ${name} ${what}: ${complaints.trim().split('\n').at(-1)}; ${remedy}`);
  };
  const { peer } = (await next('did not start')) as { peer: string };
  return {
    about: peer,
    step: async (workload) => {
      child.stdin.write(`${JSON.stringify({ workload })}\n`);
      const answer = (await next('ended')) as Taken | { error: string };
      if ('error' in answer) throw new Error(`peer ${name}: ${answer.error}`);
      return answer;
    },
    close: () => child.kill(),
  };
}
