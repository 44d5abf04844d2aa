import type { Resvg } from '@resvg/resvg-js';

async function loadResvg(): Promise<typeof Resvg> {
  try {
    const module = await import('@resvg/resvg-js');
    return module.Resvg;
  } catch (cause) {
    throw new Error(
      'plot: PNG needs the npm package "@resvg/resvg-js"; install it with npm install @resvg/resvg-js, or write SVG',
      { cause },
    );
  }
}

/**
 * An SVG picture as the bytes of a PNG file, drawn with the fonts of the machine.
 * @param zoom pixels per unit of the SVG (default 2)
 * @throws when the package "@resvg/resvg-js" is not installed, or there is text but no font to write it.
 */
export async function svgToPng(svg: string, zoom = 2): Promise<Uint8Array> {
  const Renderer = await loadResvg();
  const options = { fitTo: { mode: 'zoom', value: zoom }, logLevel: 'off' } as const;
  const probe = new Renderer('<svg xmlns="http://www.w3.org/2000/svg"><text y="20">x</text></svg>', options);
  if (svg.includes('<text') && probe.getBBox() === undefined)
    throw new Error('plot: no font is installed to write the text of a PNG; install one, or write SVG');
  return new Renderer(svg, options).render().asPng();
}
