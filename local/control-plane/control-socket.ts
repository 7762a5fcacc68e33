// What only the machine's own administrator may ask of the control plane, on a socket that only root can open: a backup of
// the store, which no other process can read while this one has it, and to take keys that changed.

import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { EmbeddedStore } from '../../core/store/embedded/embedded-store.ts';
import type { Resealed } from '../../core/store/encrypted/rewrite.ts';
import type { LiveKeys } from './live-keys.ts';

export function controlSocketPath(dataDir: string): string {
  return join(dataDir, 'run', 'control.sock');
}

/**
 * `POST /backup` with the absolute path of the new file as its body: 200 when it is whole, 409 with the reason otherwise.
 * `POST /reload-keys` reads keys and certificates again. `POST /rotate-encryption` answers when all is sealed with the key of now, with
 * how many values that were, and how many cannot be opened.
 */
export function serveControlSocket(
  dataDir: string,
  store: Pick<EmbeddedStore, 'backup'>,
  keys: Pick<LiveKeys, 'reload'>,
  rotateEncryption: () => Promise<Resealed>,
): { close(): void } {
  const actions = new Map<string | undefined, (body: string) => unknown>([
    ['/backup', (body) => store.backup(body)],
    ['/reload-keys', () => keys.reload()],
    ['/rotate-encryption', rotateEncryption],
  ]);
  const path = controlSocketPath(dataDir);
  // Left behind by a kill; nobody else serves it, since this process holds the store.
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    const answer = (code: number, text: string) => response.writeHead(code).end(text);
    const action = request.method === 'POST' ? actions.get(request.url) : undefined;
    if (!action) {
      answer(404, `only POST ${[...actions.keys()].join(' and ')} are served here`);
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      Promise.try(action, body).then(
        (value) => answer(200, JSON.stringify(value ?? {})),
        (error: unknown) => answer(409, error instanceof Error ? error.message : String(error)),
      );
    });
  });
  const umask = process.umask(0o177);
  server.listen(path);
  process.umask(umask);
  return { close: () => server.close() };
}
