import type { RunConfig } from '../../medetection/index.ts';
import { type Content, html } from '../html.ts';

/** What the figures were made with. */
export const footer = ({ adapter, versions }: RunConfig): Content => html`
  <p>
    Written by medetection ${versions.medetection}; trained on ${adapter}. Positive scores and the positive class mean
    defective. This file is whole in itself and loads nothing.
  </p>
`;
