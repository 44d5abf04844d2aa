import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { loadDetector, loadParams, readConfig, toStateDict } from '../medetection/index.ts';
import { encodeSafetensors, writeFileAtomic } from '../store/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { UsageError } from './errors.ts';

export function addWeights(program: Command): void {
  const weights = program
    .command('weights')
    .description(
      'weights for the published PyTorch code (`fine-tune --init FILE.safetensors` reads its own)',
    );
  addCommon(
    weights
      .command('export')
      .description(
        'write the weights of a run of the official network as a state dict: safetensors.torch.load_file, then load_state_dict',
      )
      .argument('<run>', 'folder of a run')
      .argument('<file>', 'the new .safetensors file'),
  ).action(async (run: string, file: string, options: CommonOptions) => {
    const output = outputOf(options);
    if (existsSync(file)) throw new UsageError(`weights export: ${file} is there already: give another name`);
    await withDevice(options, output, async () => {
      const { kind, model } = await readConfig(run);
      const found =
        kind === 'fine-tune' ? await loadDetector(run, model) : { params: await loadParams(run, model) };
      const tensors = await toStateDict(model, found);
      await writeFileAtomic(file, encodeSafetensors(tensors, { format: 'pt' }));
      output.record({ run, file, tensors: Object.keys(tensors).length });
      output.print(
        `${Object.keys(tensors).length} tensors in ${file}${kind === 'fine-tune' ? '' : '; without running statistics, which only a fine-tuned run has'}`,
      );
    });
  });
}
