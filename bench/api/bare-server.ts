// What Node can do at most, measured in the same run: a node:http2 server over TLS that keeps each body durably under its name and gives
// it back, with nothing of Kubernetes. Creates that arrive together share a transaction and a sync.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import http2, { type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import type { Target } from './client.ts';

export interface BareServer {
  readonly target: Target;
  readonly pid: number;
  remove(): Promise<void>;
}

/** In a process of its own, as the server that it stands beside. */
export async function startBareServer(): Promise<BareServer> {
  const child = fork(import.meta.filename, { execArgv: ['--max-semi-space-size=16'] });
  const ended = once(child, 'exit');
  const [started] = await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => Promise.reject(new Error(`the bare server ended with ${code}`))),
  ]);
  // as: what `serveBare` sends.
  const { port, ca } = started as { port: number; ca: string };
  return {
    target: { server: `https://127.0.0.1:${port}`, token: 'none', insecure: false, ca },
    pid: child.pid ?? 0,
    async remove() {
      child.disconnect();
      await ended;
    },
  };
}

async function serveBare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-bench-bare-'));
  const store = openBareStore(join(folder, 'bare.db'));
  const authority = await createTestAuthority();
  const server = http2.createSecureServer(await authority.server());
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const path = headers[':path'] ?? '/';
    if (headers[':method'] === 'GET') return answer(stream, 200, store.get(path.slice(path.lastIndexOf('/') + 1)));
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.once('end', () => {
      const body = Buffer.concat(parts);
      store.put(JSON.parse(body.toString()).metadata.name, body, () => answer(stream, 201, body));
    });
  });
  server.listen(0, '127.0.0.1', () => {
    // as: a TCP server that listens.
    process.send?.({ port: (server.address() as AddressInfo).port, ca: authority.cert });
  });
  process.once('disconnect', () => {
    store.close();
    rmSync(folder, { recursive: true });
    process.exit(0);
  });
}

function answer(stream: ServerHttp2Stream, status: number, body: Uint8Array | undefined): void {
  stream.respond({ ':status': body ? status : 404, 'content-type': 'application/json' });
  stream.end(body);
}

function openBareStore(path: string) {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  db.exec('CREATE TABLE objects (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID');
  const insert = db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?)');
  const select = db.prepare('SELECT body FROM objects WHERE name = ?');
  const wal = openSync(`${path}-wal`, 'r+');
  let waiting: { name: string; body: Buffer; done: () => void }[] = [];
  const commit = () => {
    const group = waiting;
    waiting = [];
    db.exec('BEGIN');
    for (const { name, body } of group) insert.run(name, body);
    db.exec('COMMIT');
    fdatasyncSync(wal);
    for (const { done } of group) done();
  };
  return {
    get(name: string): Uint8Array | undefined {
      const body = select.get(name)?.['body'];
      return body instanceof Uint8Array ? body : undefined;
    },
    put(name: string, body: Buffer, done: () => void): void {
      waiting.push({ name, body, done });
      if (waiting.length === 1) setImmediate(commit);
    },
    close() {
      closeSync(wal);
      db.close();
    },
  };
}

if (process.argv[1] === import.meta.filename && process.send) await serveBare();
