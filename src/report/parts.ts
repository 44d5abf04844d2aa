import { inlineSvg } from '../plot/index.ts';
import { type Found, find } from './found.ts';
import { type Content, html } from './html.ts';
import type { Picture } from './picture.ts';

/** A part of a page with a heading, which the contents lists. */
export interface Section {
  /** For links to it: letters and hyphens. */
  readonly id: string;
  readonly title: string;
  readonly content: Content;
}

/** Says that something is left out, and why. */
export const leftOut = (what: string, why: string): Content =>
  html`<p class="left-out"><strong>Left out: ${what}.</strong> ${why}</p>`;

/** What was found, shown, or that it is left out. */
export const shown = <T>(found: Found<T>, what: string, show: (value: T) => Content): Content =>
  'value' in found ? show(found.value) : leftOut(what, found.leftOut);

/**
 * A table with a line of column names. The first column holds names; the others, numbers.
 * @param caption what the table shows
 */
export const table = (
  head: readonly Content[],
  rows: readonly (readonly Content[])[],
  caption?: Content,
): Content => html`
  <div class="scrolls">
    <table>
      ${caption && html`<caption>${caption}</caption>`}
      <thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
      <tbody>
        ${rows.map(
          ([name, ...cells]) =>
            html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
        )}
      </tbody>
    </table>
  </div>
`;

/** Names with what they stand for. */
export const definitions = (entries: readonly (readonly [string, Content])[]): Content => html`
  <dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
`;

/** Figures side by side where there is room. */
export const figures = (...all: readonly Content[]): Content => html`<div class="figures">${all}</div>`;

/**
 * A plot with what it shows in words; that it is left out, where it cannot be drawn.
 * @param id no other plot of the page has it
 * @param draw the plot as SVG text
 */
export async function plot(id: string, draw: () => Promise<string>, caption: Content): Promise<Content> {
  const svg = await find(draw);
  if ('leftOut' in svg) return leftOut('a plot', svg.leftOut);
  return html`
    <figure class="plot" id=${id}>
      <div dangerouslySetInnerHTML=${{ __html: inlineSvg(svg.value, id) }}></div>
      <figcaption>${caption}</figcaption>
    </figure>
  `;
}

/** A picture with a line below it. */
export const image = ({ source, width, height }: Picture, alt: string, caption?: Content): Content => html`
  <figure class="picture">
    <img src=${source} width=${width} height=${height} alt=${alt} />
    ${caption && html`<figcaption>${caption}</figcaption>`}
  </figure>
`;
