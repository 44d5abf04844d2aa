import type { PerAxis } from '../../ops/index.ts';

/** How a case names an op and its attributes. */
export interface OracleCall {
  readonly op: string;
  /** What is applied to the op's output. */
  readonly then?: string;
  readonly [attribute: string]: unknown;
}

/** Attributes that may be given as long as they change nothing. */
const neutral: Readonly<Record<string, unknown>> = {
  dilation: 1,
  groups: 1,
  ceil_mode: false,
  count_include_pad: true,
  training: true,
};

/** A list of equal values, however many, as that value. */
const single = (value: unknown): unknown =>
  Array.isArray(value) && value.length > 0 && value.every((v) => v === value[0]) ? value[0] : value;

/**
 * The attributes of a call, each asked for by name and type. What nobody has asked for is an error, so that no attribute
 * goes unheeded.
 */
export class Attributes {
  readonly #call: OracleCall;
  readonly #asked = new Set(['op', 'then']);

  constructor(call: OracleCall) {
    this.#call = call;
  }

  #value(name: string): unknown {
    this.#asked.add(name);
    return this.#call[name] ?? undefined;
  }

  #refuse(name: string, wanted: string): never {
    throw new Error(`${this.#call.op}: ${name} ${JSON.stringify(this.#call[name])} must be ${wanted}`);
  }

  /** @throws when it is missing and there is nothing else to take */
  #needed(name: string, otherwise: unknown): unknown {
    const value = this.#value(name) ?? otherwise;
    if (value === undefined) throw new Error(`${this.#call.op}: needs the attribute ${name}`);
    return value;
  }

  number(name: string, otherwise?: number): number {
    const value = this.#needed(name, otherwise);
    return typeof value === 'number' ? value : this.#refuse(name, 'a number');
  }

  /** A number for both axes, such as a stride 2, or one for each, such as [2,1]. */
  perAxis(name: string, otherwise?: PerAxis): PerAxis {
    const value = single(this.#needed(name, otherwise));
    if (typeof value === 'number') return value;
    const isPair = Array.isArray(value) && value.length === 2 && value.every((v) => typeof v === 'number');
    return isPair ? [value[0], value[1]] : this.#refuse(name, 'a number or a pair of numbers');
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.#value(name) ?? otherwise;
    return typeof value === 'boolean' ? value : this.#refuse(name, 'true or false');
  }

  /** A list of numbers, or one number alone; undefined where there is none. */
  list(name: string): number[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const list = [value].flat();
    return list.every((v) => typeof v === 'number') ? list : this.#refuse(name, 'a list of numbers');
  }

  /** The same, where it must be given. */
  numbers(name: string): number[] {
    this.#needed(name, undefined);
    return this.list(name)!;
  }

  /** @throws for an attribute that was not asked for and says something */
  checkAllAsked(): void {
    for (const [name, value] of Object.entries(this.#call)) {
      if (this.#asked.has(name) || single(value) === neutral[name]) continue;
      const why = name in neutral ? `${JSON.stringify(value)} is not supported` : 'is unknown';
      throw new Error(`${this.#call.op}: attribute ${name} ${why}`);
    }
  }
}
