import type { RunConfig } from '../../medetection/index.ts';
import { type Content, html } from '../html.ts';
import { counted } from '../numbers.ts';
import { definitions, type Section } from '../parts.ts';

/** `innerRate` as words: "inner rate". */
const words = (name: string): string => name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);

const said = (value: unknown): string =>
  typeof value === 'boolean'
    ? value
      ? 'yes'
      : 'no'
    : Array.isArray(value)
      ? value.join(', ') || 'none'
      : String(value);

const fields = (record: object): Content =>
  definitions(
    Object.entries(record)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [words(name), said(value)] as const),
  );

/** All that the run was asked for, and what it ran on. */
export function configurationSection(config: RunConfig): Section {
  const { target, data, model, options, seed, skipBroken, adapter, versions } = config;
  const start =
    config.kind === 'fine-tune'
      ? {
          'initial weights': config.init,
          'tasks these had learned from': config.seen.map(({ name }) => name),
          'the target may be one of them': config.allowSeen,
        }
      : { 'tasks left out besides the target': config.leaveOut };
  const enrolled = config.kind === 'fine-tune' ? config.enrolled : undefined;
  const folders = enrolled
    ? { 'good photographs': enrolled.good, 'bad photographs': enrolled.bad ?? 'none' }
    : { 'folder of tasks': data };
  return {
    id: 'configuration',
    title: 'Configuration',
    content: html`
      ${fields({ target, ...folders, seed, 'unreadable pictures are left out': skipBroken, ...start })}
      <h3>Network</h3>
      ${fields(model)}
      <h3>${enrolled ? 'Enrolment' : config.kind === 'fine-tune' ? 'Fine-tuning' : 'Meta-training'}</h3>
      ${fields(enrolled ? { ...options, patience: undefined } : options)}
      <h3>Computed by</h3>
      ${fields({ adapter, ...versions })}
    `,
  };
}

/** How a run came to be, in a few words. */
export const originOf = (config: RunConfig): string =>
  config.kind === 'meta-train'
    ? `meta-trained by ${config.options.algorithm} on ${counted(config.tasks.length, 'task')}`
    : `${config.enrolled ? 'enrolled' : 'fine-tuned'} from ${config.init === 'random' ? 'random weights' : 'learned weights'}`;
