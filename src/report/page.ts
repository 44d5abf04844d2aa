import { renderToString } from 'preact-render-to-string';
import { type Content, html } from './html.ts';
import type { Section } from './parts.ts';
import { style } from './style.ts';

export interface Page {
  readonly title: string;
  /** A line above the title: what kind of report it is. */
  readonly kind: string;
  /** What matters most, before the first section. */
  readonly lead: Content;
  readonly sections: readonly Section[];
  readonly footer: Content;
}

/** Nothing but what the file itself carries may be loaded, whatever a name in it says. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** A page as the text of an HTML file that needs no other. */
export const renderPage = ({ title, kind, lead, sections, footer }: Page): string =>
  `<!doctype html>\n${renderToString(html`
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content=${POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style dangerouslySetInnerHTML=${{ __html: style }}></style>
      </head>
      <body>
        <header>
          <p class="kind">${kind}</p>
          <h1>${title}</h1>
          ${lead}
          <nav aria-label="Contents">
            ${sections.map(({ id, title: name }) => html`<a href=${`#${id}`}>${name}</a>`)}
          </nav>
        </header>
        <main>
          ${sections.map(
            ({ id, title: name, content }) => html`<section id=${id}><h2>${name}</h2>${content}</section>`,
          )}
        </main>
        <footer>${footer}</footer>
      </body>
    </html>
  `)}\n`;
