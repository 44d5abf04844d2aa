/** Reports in a real browser: they open from a file, load nothing, and are whole at every width. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeReport } from '../../src/report/index.ts';
import { scratch } from '../cli/support.ts';
import { hostile, makeRuns } from '../report/support.ts';
import { type Installed, install, launch, obstacle } from './chromium.ts';

const folder = scratch();
const test = suite('reports in the browser');

/** What a page is found to be. */
interface Seen {
  readonly title: string;
  readonly headings: readonly string[];
  readonly pictures: number;
  readonly broken: readonly string[];
  readonly plots: number;
  readonly flat: number;
  /** How far the page is wider than the window, in pixels. */
  readonly beyond: number;
}

const look = (page: Page): Promise<Seen> =>
  page.evaluate(() => {
    const images = [...document.images];
    const plots = [...document.querySelectorAll('figure.plot svg')];
    return {
      title: document.title,
      headings: [...document.querySelectorAll('h2')].map((h) => h.textContent ?? ''),
      pictures: images.length,
      broken: images.filter((i) => !(i.complete && i.naturalWidth > 0)).map((i) => i.alt),
      plots: plots.length,
      flat: plots.filter((svg) => svg.getBoundingClientRect().height < 100).length,
      beyond: document.documentElement.scrollWidth - window.innerWidth,
    };
  });

/** Opens a file at a width; whatever is complained about there, or asked for elsewhere, fails. */
async function open(browser: Browser, file: string, width: number, scripts: boolean): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 800 }, javaScriptEnabled: scripts });
  const address = pathToFileURL(file).href;
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => troubles.push(`${message.type()}: ${message.text()}`));
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:'))
      troubles.push(`asks for ${request.url()}`);
  });
  await page.goto(address);
  assert.equal(troubles, []);
  return page;
}

function addTest(browserFiles: Installed): void {
  test('a report is whole, from its file alone, on a desk and on a phone', async () => {
    const runs = await makeRuns(folder);
    const browser = await launch(browserFiles);
    try {
      for (const run of ['tuned', 'meta'] as const) {
        const { html } = await writeReport({ folder: runs[run], out: join(folder, `${run}.html`) });
        for (const width of [1280, 360]) {
          const page = await open(browser, html, width, true);
          const seen = await look(page);
          const where = `${run} at ${width} px`;
          assert.ok(seen.title.includes(hostile.target), `${where}: ${seen.title}`);
          assert.ok(seen.headings.includes('Hashes'), where);
          assert.ok(seen.pictures > (run === 'tuned' ? 15 : 6), `${where}: ${seen.pictures} pictures`);
          assert.equal(seen.broken, [], where);
          assert.ok(seen.plots >= 3, `${where}: ${seen.plots} plots`);
          assert.is(seen.flat, 0, `${where}: plots without a height`);
          assert.ok(seen.beyond <= 0, `${where}: ${seen.beyond} px too wide`);
          await page.close();
        }
      }
      const plain = await open(browser, join(folder, 'tuned.html'), 1280, false);
      assert.ok(await plain.getByText('Test pictures by what they are').isVisible(), 'without JavaScript');
    } finally {
      await browser.close();
    }
  });
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('report.test.ts: not run, because the browser cannot start: it is for Linux on x64');
} else {
  const browserFiles = install(folder);
  const why = obstacle(browserFiles);
  if (why !== undefined) console.log(`report.test.ts: not run, because the browser cannot start: ${why}`);
  else addTest(browserFiles);
}

test.run();
