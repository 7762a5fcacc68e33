// What only the machine's own administrator may ask of the control plane, on a socket that only root can open: a backup of
// the store, which no other process can read while this one has it.

import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { EmbeddedStore } from '../../core/store/embedded/embedded-store.ts';

export function controlSocketPath(dataDir: string): string {
  return join(dataDir, 'run', 'control.sock');
}

/** `POST /backup` with the absolute path of the new file as its body: 200 when it is whole, 409 with the reason otherwise. */
export function serveControlSocket(dataDir: string, store: Pick<EmbeddedStore, 'backup'>): { close(): void } {
  const path = controlSocketPath(dataDir);
  // Left behind by a kill; nobody else serves it, since this process holds the store.
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    const answer = (code: number, text: string) => response.writeHead(code).end(text);
    if (request.method !== 'POST' || request.url !== '/backup') {
      answer(404, 'only POST /backup is served here');
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      store.backup(body).then(
        () => answer(200, 'done'),
        (error: unknown) => answer(409, error instanceof Error ? error.message : String(error)),
      );
    });
  });
  const umask = process.umask(0o177);
  server.listen(path);
  process.umask(umask);
  return { close: () => server.close() };
}
