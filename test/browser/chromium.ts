import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { readTar } from '../../src/device/tar.ts';

/*
 * The headless Chromium of the npm package @sparticuz/chromium, for Linux on x64. The package's own loader extracts to a
 * fixed place and leaves out the libraries that a system without a desktop lacks (NSS, NSPR, Expat), so its archives are
 * read here.
 */
const archives = fileURLToPath(new URL('../../node_modules/@sparticuz/chromium/bin/', import.meta.url));
const unpack = (name: string) => brotliDecompressSync(readFileSync(join(archives, name)));

/** WebGPU on SwiftShader, which lies beside the browser. */
const FLAGS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-webgpu-adapter=swiftshader',
];

/** A browser that is ready to start. */
export interface Installed {
  readonly executable: string;
  readonly env: Record<string, string>;
}

/** Extracts the browser into an empty folder; some 200 MB. */
export function install(folder: string): Installed {
  const executable = join(folder, 'chromium');
  writeFileSync(executable, unpack('chromium.br'), { mode: 0o700 });
  for (const name of ['swiftshader.tar.br', 'fonts.tar.br', 'al2023.tar.br'])
    for (const [path, content] of readTar(unpack(name))) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { mode: 0o700 });
    }
  const driver = join(folder, 'vk_swiftshader_icd.json');
  const env = {
    ...process.env,
    // Else the loader looks where the environment of the tests names a driver.
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver,
    HOME: folder,
    FONTCONFIG_PATH: join(folder, 'fonts'),
    LD_LIBRARY_PATH: join(folder, 'lib'),
  };
  return { executable, env };
}

/** Why the system cannot start the browser, or undefined if it can. */
export function obstacle({ executable, env }: Installed): string | undefined {
  const { error, status, stderr } = spawnSync(executable, ['--version'], { env, encoding: 'utf8' });
  // 127 is what the dynamic linker ends with where a library, or its version, is missing.
  return error?.message ?? (status === 127 ? stderr.split('\n')[0] : undefined);
}

export const launch = ({ executable, env }: Installed): Promise<Browser> =>
  chromium.launch({ executablePath: executable, env, args: FLAGS });
