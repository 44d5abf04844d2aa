/**
 * Unrolls a shader template. WGSL has no loop that is sure to be unrolled, and the lane of `subgroupBroadcast` must be
 * a constant, so a template repeats lines itself:
 *
 *     #let LOADS = TILE / 4
 *     #for k in 0..TILE
 *     sum_$k += x_$(k+1) * subgroupBroadcast(w_$(k/LOADS), $(k%LOADS));
 *     #end
 *     #if EDGES
 *     ...
 *     #end
 *
 * Blocks nest. `$k` is the loop's number; `#let` holds up to the end of its block; `$(...)`, the bounds and the conditions are integer expressions of + - * / % <
 * (1 where it holds, else 0) and parentheses in numbers, loop variables and constants. Each constant is also
 * declared in the shader, `const TILE = 8u;`, after its directives.
 *
 * @throws when a block is not closed, or an expression names what is neither loop variable nor constant.
 */
export const expand = (template: string, constants: Readonly<Record<string, number>>): string => {
  const lines = template.split('\n');
  const end = lines.findIndex((line) => !/^(\/\/.*|enable .*|\s*)$/.test(line));
  const declarations = Object.entries(constants).map(([name, value]) => `const ${name} = ${value}u;`);
  return [...lines.slice(0, end), ...declarations, ...unroll(lines.slice(end), constants)].join('\n');
};

type Names = Readonly<Record<string, number>>;

const unroll = (lines: readonly string[], outer: Names): string[] => {
  const names: Record<string, number> = { ...outer };
  const result: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at].trim();
    const loop = /^#for (\w+) in (.+)\.\.(.+)$/.exec(line);
    const condition = /^#if (.+)$/.exec(line);
    const binding = /^#let (\w+) = (.+)$/.exec(line);
    if (binding) {
      names[binding[1]] = evaluate(binding[2], names);
      continue;
    }
    if (!loop && !condition) {
      result.push(substitute(lines[at], names));
      continue;
    }
    const close = closing(lines, at);
    const body = lines.slice(at + 1, close);
    if (loop) {
      const last = evaluate(loop[3], names);
      for (let k = evaluate(loop[2], names); k < last; k++)
        result.push(...unroll(body, { ...names, [loop[1]]: k }));
    } else if (evaluate(condition![1], names)) result.push(...unroll(body, names));
    at = close;
  }
  return result;
};

const closing = (lines: readonly string[], start: number): number => {
  for (let at = start, depth = 0; at < lines.length; at++) {
    if (/^\s*#(for|if) /.test(lines[at])) depth++;
    else if (lines[at].trim() === '#end' && --depth === 0) return at;
  }
  throw new Error(`expand: no #end for "${lines[start].trim()}"`);
};

const substitute = (line: string, names: Names): string =>
  line
    .replace(/\$\(((?:[^()]|\([^()]*\))*)\)/g, (_, expression: string) => String(evaluate(expression, names)))
    .replace(/\$([a-z]\w*?)(?=_|\b)/g, (_, name: string) => String(evaluate(name, names)));

/** Recursive descent over comparisons of sums of products of numbers, names and parentheses. */
const evaluate = (expression: string, names: Names): number => {
  const tokens = expression.match(/\w+|\S/g) ?? [];
  let at = 0;
  const atom = (): number => {
    const token = tokens[at++];
    if (token === '(') {
      const value = comparison();
      at++;
      return value;
    }
    const value = /^\d+$/.test(token) ? Number(token) : names[token];
    if (value === undefined)
      throw new Error(`expand: "${expression}": "${token}" is neither number nor name in scope`);
    return value;
  };
  const product = (): number => {
    let value = atom();
    while (/^[*/%]$/.test(tokens[at] ?? '')) {
      const operator = tokens[at++];
      const right = atom();
      value = operator === '*' ? value * right : operator === '/' ? Math.floor(value / right) : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (/^[+-]$/.test(tokens[at] ?? '')) value += tokens[at++] === '+' ? product() : -product();
    return value;
  };
  const comparison = (): number => {
    const value = sum();
    if (tokens[at] !== '<') return value;
    at++;
    return Number(value < sum());
  };
  return comparison();
};
