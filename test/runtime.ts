/** What makes this runtime (`process.execPath`) run a TypeScript file: the arguments before the file's path. */
export function runtimeArguments(): string[] {
  if (process.versions.deno) return ['run', '-A'];
  const [major, minor] = process.versions.node.split('.').map(Number);
  const stripsTypes = major > 22 || (major === 22 && minor >= 18);
  return stripsTypes ? [] : ['--import', 'tsx'];
}
