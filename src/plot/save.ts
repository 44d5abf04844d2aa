import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { svgToPng } from './png.ts';

/**
 * Writes a plot to a file, as what its name says: `.svg`, or `.png`.
 * @param svg the plot as SVG text
 * @throws for another name, and as `svgToPng`.
 */
export async function savePlot(path: string, svg: string): Promise<void> {
  const kind = extname(path).toLowerCase();
  if (kind !== '.svg' && kind !== '.png')
    throw new Error(`savePlot: "${path}" must end in .svg or .png, the kinds of pictures that it writes`);
  const content = kind === '.svg' ? svg : await svgToPng(svg);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
