import { KernelError } from './errors.ts';

/**
 * Why a kernel's pipeline was refused: the compiler's message with the line that it is about, or undefined if it was not.
 *
 * @param scopes the popped error scopes around the creation of module and pipeline
 */
export async function pipelineFailure(
  label: string,
  source: string,
  module: GPUShaderModule,
  scopes: readonly Promise<GPUError | null>[],
): Promise<KernelError | undefined> {
  let errors: (GPUError | null)[];
  try {
    errors = await Promise.all(scopes);
  } catch {
    return undefined; // The device was lost, which is reported on its own.
  }
  const error = errors.find((e) => e !== null);
  if (!error) return undefined;
  const messages = await compilerErrors(module);
  if (messages.length === 0)
    return new KernelError(`kernel ${label}: pipeline refused: ${error.message.trim()}`);
  const lines = source.split('\n');
  const told = messages.map(({ lineNum, linePos, message }) => {
    const quote = lineNum > 0 ? `\n  ${lineNum} | ${lines[lineNum - 1] ?? ''}` : '';
    // Dawn's first line is the message, what follows are candidate overloads.
    const [first, ...details] = message.trim().split('\n');
    return [`WGSL error at line ${lineNum}:${linePos}: ${first}${quote}`, ...details].join('\n');
  });
  return new KernelError(`kernel ${label}: ${told.join('\n')}`);
}

async function compilerErrors(module: GPUShaderModule): Promise<GPUCompilationMessage[]> {
  try {
    const { messages } = await module.getCompilationInfo();
    return messages.filter((m) => m.type === 'error');
  } catch {
    return []; // A module that is invalid for another reason has no compiler messages; the scope's error tells.
  }
}
