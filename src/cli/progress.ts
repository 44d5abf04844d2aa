import { Presets, SingleBar } from 'cli-progress';

/** The state of a long job on stderr, with its rate and the time left. */
export interface Progress {
  /** @param note what else to show, such as a loss */
  update(done: number, note?: string): void;
  stop(): void;
}

/** Seconds between two lines where stderr is no terminal. */
const LINE_SECONDS = 5;
/** The rate is that of about the last so many seconds, since the first steps also compile. */
const RATE_SECONDS = 20;

export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  if (s < 60) return `${s}s`;
  const minutes = Math.floor(s / 60);
  return minutes < 60
    ? `${minutes}m${String(s % 60).padStart(2, '0')}s`
    : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
};

const showRate = (perSecond: number, unit: string): string =>
  perSecond >= 1 ? `${perSecond.toFixed(1)} ${unit}s/s` : `${(1 / perSecond).toFixed(1)} s/${unit}`;

/** Measures how fast a count rises. */
class Rate {
  readonly #unit: string;
  readonly #total: number;
  /** When each count was reached, in seconds; the oldest first. */
  #seen: { done: number; at: number }[];

  constructor(unit: string, total: number, start: number) {
    this.#unit = unit;
    this.#total = total;
    this.#seen = [{ done: start, at: performance.now() / 1000 }];
  }

  note(done: number): { rate: string; left: string } {
    const at = performance.now() / 1000;
    this.#seen.push({ done, at });
    while (this.#seen.length > 2 && this.#seen[1].at < at - RATE_SECONDS) this.#seen.shift();
    const [first] = this.#seen;
    const perSecond = (done - first.done) / (at - first.at);
    if (!(perSecond > 0) || !Number.isFinite(perSecond)) return { rate: '-', left: '-' };
    return { rate: showRate(perSecond, this.#unit), left: duration((this.#total - done) / perSecond) };
  }
}

/**
 * Starts to show progress: a bar on a terminal, else a line every few seconds.
 * @param unit what is counted, in the singular
 * @param start the count to begin from
 */
export function startProgress(label: string, unit: string, total: number, start = 0): Progress {
  return process.stderr.isTTY
    ? bar(label, new Rate(unit, total, start), total, start)
    : startLines(label, unit, total, start);
}

function bar(label: string, rate: Rate, total: number, start: number): Progress {
  const single = new SingleBar(
    {
      format: '{label} {bar} {value}/{total}  {rate}  {left} left  {note}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false, // Ctrl-C is ours: it saves first.
      barsize: 24,
      autopadding: true,
    },
    Presets.shades_classic,
  );
  single.start(total, start, { label, rate: '-', left: '-', note: '' });
  return {
    update: (done, note = '') => single.update(done, { ...rate.note(done), note }),
    stop: () => single.stop(),
  };
}

/** Starts to show progress by a line every few seconds, of which short work writes none. */
export function startLines(label: string, unit: string, total: number, start = 0): Progress {
  const rate = new Rate(unit, total, start);
  let last = performance.now();
  return {
    update(done, note = '') {
      const { rate: speed, left } = rate.note(done);
      if (performance.now() - last < LINE_SECONDS * 1000) return;
      last = performance.now();
      process.stderr.write(
        `${label} ${done}/${total}  ${speed}  ${left} left  ${note}`.trimEnd().concat('\n'),
      );
    },
    stop: () => {},
  };
}
