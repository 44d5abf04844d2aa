/** Rotates a 32-bit word left. */
const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** Finaliser of splitmix32: every input bit reaches every output bit. */
const mix = (word: number): number => {
  let z = word | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
};

/** 128 bits from a string: four FNV-1a lanes with different offsets, each finished by splitmix32. */
const hash128 = (text: string): Uint32Array => {
  const lanes = Uint32Array.of(0x811c9dc5, 0x9e3779b9, 0x3c6ef372, 0xdaa66d2b);
  for (const byte of new TextEncoder().encode(text)) {
    for (let lane = 0; lane < 4; lane++) lanes[lane] = Math.imul(lanes[lane] ^ byte, 0x01000193 + 2 * lane);
  }
  for (let lane = 0; lane < 4; lane++) lanes[lane] = mix(lanes[lane] + Math.imul(lane + 1, 0x9e3779b9));
  return lanes;
};

/**
 * Seeded generator: xoshiro128** (Blackman and Vigna, 2018). The same seed gives the same numbers on every
 * machine and runtime.
 */
export class Random {
  /** The seed, and the names of the forks that led here. */
  readonly key: string;
  readonly #state: Uint32Array;

  /** @param seed any number or string; numbers that print alike are the same seed. */
  constructor(seed: number | string) {
    this.key = String(seed);
    this.#state = hash128(this.key);
    // The all-zero state is the one that xoshiro never leaves.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /**
   * An independent generator for one purpose. It depends on the seed and the name alone, not on how many
   * numbers were drawn before: the same name gives the same stream again.
   */
  fork(name: string): Random {
    return new Random(`${this.key}/${name}`);
  }

  /** The next 32 bits, as an integer from 0 to 2^32 - 1. */
  bits(): number {
    const s = this.#state;
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }

  /** A number in [0, 1), uniform, with 53 random bits. */
  next(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * An integer in [0, n), uniform without bias (by rejection).
   * @throws RangeError unless n is an integer from 1 to 2^32.
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`Random.int: n must be an integer from 1 to 2^32, got ${n}`);
    }
    const end = 2 ** 32 - (2 ** 32 % n);
    let value = this.bits();
    while (value >= end) value = this.bits();
    return value % n;
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }
}
