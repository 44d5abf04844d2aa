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

/** A list of one number, however often, as that number. */
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

  /** A number, or a list of equal ones, such as a stride [2,2]. */
  number(name: string, otherwise?: number): number {
    const value = single(this.#value(name)) ?? otherwise;
    if (value === undefined) throw new Error(`${this.#call.op}: needs the attribute ${name}`);
    return typeof value === 'number' ? value : this.#refuse(name, 'one number for both axes');
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
    const list = this.list(name);
    if (list === undefined) throw new Error(`${this.#call.op}: needs the attribute ${name}`);
    return list;
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
