import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', wgsl: 'text/plain' };

/**
 * Serves files to this machine.
 *
 * @param folders the folder that answers for paths of a first part, such as `{ src: '/a/src' }` for `/src/...`
 */
export async function serve(folders: Record<string, string>): Promise<{ server: Server; address: string }> {
  const server = createServer(async (request, response) => {
    const [first, ...rest] = new URL(request.url!, 'http://localhost').pathname.slice(1).split('/');
    const type = TYPES[rest.at(-1)?.split('.').at(-1) ?? ''];
    try {
      if (!(first in folders) || type === undefined) throw new Error('no such file');
      const content = await readFile(join(folders[first], ...rest));
      response.writeHead(200, { 'content-type': type }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
