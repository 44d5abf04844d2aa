import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { constants, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { environment } from './runtime.ts';
import { readTar } from './tar.ts';

/**
 * SwiftShader, a Vulkan driver that runs shaders on the CPU, from the npm package `@sparticuz/chromium`: the adapter of
 * machines that have no Vulkan driver, with Vulkan's loader. Linux on x64 only. Not for browsers.
 */
const PACKAGE = '@sparticuz/chromium';
const INSTALL = `npm install --save-dev ${PACKAGE}`;
const LOADER = 'libvulkan.so.1';
const DRIVER = 'vk_swiftshader_icd.json';
const FILES = [LOADER, DRIVER, 'libvk_swiftshader.so'];
const MANIFEST = 'manifest.json';
/** glibc's flag: the library stays although Node closes it again. */
const RTLD_NODELETE = 0x1000;

/**
 * Runs `action` (which asks a WebGPU implementation that has not looked for drivers yet for an adapter) with SwiftShader as the only Vulkan driver.
 *
 * @throws Error if the package is not installed or not for this platform, or cannot be extracted
 */
export async function withSwiftShader<T>(action: () => Promise<T>): Promise<T> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `the software adapter of ${PACKAGE} is for Linux on x64, not ${process.platform} on ${process.arch}`,
    );
  }
  const folder = await extractSwiftShader();
  loadVulkanLoader(join(folder, LOADER));
  // Which of the two names the Vulkan loader reads depends on its age.
  const names = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = join(folder, DRIVER);
  try {
    return await action();
  } finally {
    names.forEach((name, i) => {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    });
  }
}

/** Loads a shared library that is no Node module, for the runtime's WebGPU to find it by its name. */
function loadVulkanLoader(path: string): void {
  const { Deno } = globalThis as { Deno?: { dlopen(path: string, symbols: object): unknown } };
  if (Deno) {
    Deno.dlopen(path, {});
    return;
  }
  try {
    process.dlopen(
      { exports: {} },
      path,
      constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE,
    );
  } catch (error) {
    // Node says so of every library that it could load but that is no module; it is loaded then.
    if (!String(error).includes('did not self-register')) throw error;
  }
}

/**
 * Whether there is a Vulkan driver's manifest anywhere that the loader looks, be it of a driver that works or not. Where
 * there is none, asking Dawn would only make it print warnings.
 */
export async function hasVulkanDriver(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const list = (name: string, fallback = '') => (environment(name) || fallback).split(':').filter(Boolean);
  if (list('VK_ADD_DRIVER_FILES').some((path) => existsSync(path))) return true;
  const named = [...list('VK_DRIVER_FILES'), ...list('VK_ICD_FILENAMES')];
  if (named.length > 0) return named.some((path) => existsSync(path));
  const folders = [
    ...list('XDG_CONFIG_HOME', join(homedir(), '.config')),
    ...list('XDG_CONFIG_DIRS', '/etc/xdg'),
    ...['/usr/local/etc', '/etc'],
    ...list('XDG_DATA_HOME', join(homedir(), '.local/share')),
    ...[...list('XDG_DATA_DIRS'), '/usr/local/share', '/usr/share'],
  ];
  for (const folder of folders) {
    const files = await readdir(join(folder, 'vulkan/icd.d')).catch(() => []); // Absent on most systems.
    if (files.some((name) => name.endsWith('.json'))) return true;
  }
  return false;
}

/**
 * Extracts the driver into the user's cache, once per version, and returns the folder. Safe with several processes at
 * once; damaged files are replaced.
 */
export async function extractSwiftShader(): Promise<string> {
  const archive = findArchive();
  const packed = await readFile(archive);
  const root = dirname(dirname(archive));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const cache = join(environment('XDG_CACHE_HOME') || join(homedir(), '.cache'), 'medetection');
  const folder = join(cache, `swiftshader-${version}-${sha256(packed).slice(0, 16)}`);
  if (await isIntact(folder)) return folder;

  const unpacked = readTar(await promisify(brotliDecompress)(packed));
  const missing = FILES.filter((name) => !unpacked.has(name));
  if (missing.length > 0)
    throw new Error(`${archive}: no ${missing.join(', ')} in it; reinstall it: ${INSTALL}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of FILES) await putInPlace(folder, name, unpacked.get(name)!);
    const hashes = Object.fromEntries(FILES.map((name) => [name, sha256(unpacked.get(name)!)]));
    await putInPlace(folder, MANIFEST, Buffer.from(JSON.stringify(hashes)));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause;
    throw new Error(
      `cannot extract the software adapter to ${cache} (${why}); set XDG_CACHE_HOME to a writable folder`,
      {
        cause,
      },
    );
  }
  return folder;
}

/**
 * Replaces a file of `folder` by a rename. Another process that does the same puts the same bytes there, so a file that was
 * whole once stays so for those who load it.
 */
async function putInPlace(folder: string, name: string, content: Uint8Array): Promise<void> {
  const fresh = await mkdtemp(join(folder, 'new-'));
  await writeFile(join(fresh, name), content);
  await rename(join(fresh, name), join(folder, name));
  await rmdir(fresh);
}

async function isIntact(folder: string): Promise<boolean> {
  try {
    const hashes = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Record<string, string>;
    for (const name of FILES) {
      if (sha256(await readFile(join(folder, name))) !== hashes[name]) return false;
    }
    return true;
  } catch {
    return false; // Absent, unreadable or not JSON: extracting it anew tells what is wrong, if anything.
  }
}

/** The package's archive, from this file's folder or the working directory upwards: its exports name no way to it. */
function findArchive(): string {
  for (const start of [dirname(fileURLToPath(import.meta.url)), process.cwd()]) {
    for (let at = start; ; at = dirname(at)) {
      const archive = join(at, 'node_modules', PACKAGE, 'bin', 'swiftshader.tar.br');
      if (existsSync(archive)) return archive;
      if (at === dirname(at)) break;
    }
  }
  throw new Error(`the npm package ${PACKAGE} is not installed; to add the software adapter: ${INSTALL}`);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
