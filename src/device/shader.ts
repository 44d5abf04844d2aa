import { expand } from './expand.ts';
import { SHADERS } from './shaders.ts';

export type ShaderName = keyof typeof SHADERS;

const sources = new Map<ShaderName, string>();
let loading: Promise<void> | undefined;

/**
 * Loads all shaders, once: from files, or in a browser over the network. `openDevice` does so; code that lowers without a
 * device does so itself.
 *
 * @throws Error naming the shader that is missing
 */
export function loadShaders(): Promise<void> {
  loading ??= Promise.all((Object.keys(SHADERS) as ShaderName[]).map(loadShader)).then(
    () => {},
    (error) => {
      loading = undefined; // The next call tries again.
      throw error;
    },
  );
  return loading;
}

/**
 * The WGSL of a shader.
 *
 * @throws Error if the shaders are not loaded yet
 */
export function shaderSource(name: ShaderName): string {
  const source = sources.get(name);
  if (source === undefined) {
    throw new Error(
      name in SHADERS
        ? `shader ${name} is not loaded: await openDevice() or loadShaders() first`
        : `there is no shader ${name}; known: ${Object.keys(SHADERS).join(', ')}`,
    );
  }
  return source;
}

const unrolled = new Map<string, string>();

/**
 * The WGSL of a template, or of several after one another, with these constants, unrolled once for all dispatches that use it.
 *
 * @throws Error as `shaderSource` and `expand`
 */
export function unrolledSource(
  names: ShaderName | readonly ShaderName[],
  constants: Readonly<Record<string, number>>,
): string {
  const key = `${names} ${JSON.stringify(constants)}`;
  let source = unrolled.get(key);
  if (source === undefined) {
    source = expand([names].flat().map(shaderSource).join('\n'), constants);
    unrolled.set(key, source);
  }
  return source;
}

async function loadShader(name: ShaderName): Promise<void> {
  const url = SHADERS[name];
  try {
    if (url.protocol === 'file:') {
      const { readFile } = await import('node:fs/promises');
      sources.set(name, await readFile(url, 'utf8'));
    } else {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      sources.set(name, await response.text());
    }
  } catch (cause) {
    throw new Error(
      `cannot load shader ${name} from ${url}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}
