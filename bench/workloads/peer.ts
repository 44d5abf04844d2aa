import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
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
export class Peer {
  /** What it says that it is, with its version and device. */
  readonly about: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #choice: PeerChoice;
  readonly #complaints: () => string;

  private constructor(
    about: string,
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    choice: PeerChoice,
    complaints: () => string,
  ) {
    this.about = about;
    this.#child = child;
    this.#lines = lines;
    this.#choice = choice;
    this.#complaints = complaints;
  }

  /** @throws when it does not start, with what it wrote and what to do about it */
  static async start(choice: PeerChoice): Promise<Peer> {
    const [program, ...args] = choice.command;
    const child = spawn(program, args, { stdio: 'pipe' });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      complaints += text;
    });
    child.on('error', (error) => {
      complaints += error.message;
    });
    // Of a peer that ended: its answer, which does not come, tells so.
    child.stdin.on('error', () => {});
    const lines = (createInterface({ input: child.stdout }) as Interface)[Symbol.asyncIterator]();
    const { value } = await lines.next();
    if (value === undefined)
      throw new Error(`peer ${choice.name} did not start: ${lastLine(complaints)}; ${choice.remedy}`);
    const { peer } = JSON.parse(value) as { peer: string };
    return new Peer(peer, child, lines, choice, () => complaints);
  }

  /** Does one step. @throws with what the peer says, if it cannot */
  async step(workload: string): Promise<Taken> {
    this.#child.stdin.write(`${JSON.stringify({ workload })}\n`);
    const { value } = await this.#lines.next();
    if (value === undefined)
      throw new Error(`peer ${this.#choice.name} ended: ${lastLine(this.#complaints())}`);
    const answer = JSON.parse(value) as Taken | { error: string };
    if ('error' in answer) throw new Error(`peer ${this.#choice.name}: ${answer.error}`);
    return answer;
  }

  close(): void {
    this.#child.kill();
  }
}

/** What a program says last, which is what ended it. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
