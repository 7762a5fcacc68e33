// What answers a probe is the pod's own program, and asks for as much of the agent as it can: memory for one message, time for an answer that
// never ends. The time of a probe is its user's to choose, so it is no bound.

import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { type CheckResult, check } from './check.ts';

const servers: Server[] = [];
const sessions = new Set<http2.ServerHttp2Session>();
afterEach(async () => {
  for (const each of sessions) each.destroy();
  await Promise.all(servers.splice(0).map((each) => new Promise((resolve) => each.close(resolve))));
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // as: a server that listens on TCP.
  return (server.address() as AddressInfo).port;
}

const target = { container: { name: 'c' }, podIP: '127.0.0.1', exec: () => Promise.reject(new Error('no command')) };
/** An hour, as its user has it. */
const timeoutSeconds = 3600;

/** Bytes that the server could write before the probe was over. */
async function grpc(answer: () => Iterable<Buffer>): Promise<{ result: CheckResult; sent: number }> {
  let sent = 0;
  const server = http2.createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const source = answer()[Symbol.iterator]();
    const more = () => {
      for (;;) {
        const { value, done } = source.next();
        if (done) return void stream.end();
        if (stream.destroyed) return;
        sent += value.length;
        if (!stream.write(value)) return void stream.once('drain', more);
      }
    };
    more();
  });
  const port = await listen(server);
  const result = await check({ grpc: { port }, timeoutSeconds }, target);
  return { result, sent };
}

function head(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function* forEver(first: Buffer, each: Buffer): Iterable<Buffer> {
  yield first;
  for (;;) yield each;
}

it.each([
  ['a message of 4 GB', () => forEver(head(2 ** 32 - 1), Buffer.alloc(64 * 1024)), /has 4294967295 bytes/],
  ['messages without end', () => forEver(head(0), head(0)), /more than one message/],
  [
    'large messages without end',
    () => forEver(head(0), Buffer.concat([head(60_000), Buffer.alloc(60_000)])),
    /more than one/,
  ],
])('is refused early by gRPC: %s', async (_, answer, message) => {
  const { result, sent } = await grpc(answer);
  expect(result).toMatchObject({ ok: false });
  expect(result.message).toMatch(message);
  // What lies in buffers on the way.
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  tried('answer of a hostile pod to a probe', 1);
});

it('a message that comes in small pieces takes time by its length, not by the square of it', async () => {
  // A healthy answer (status SERVING) behind three megabytes that are of no field that is known.
  const unknown = Buffer.concat([Buffer.from([0x7a, ...varint(3_000_000)]), Buffer.alloc(3_000_000)]);
  const body = Buffer.concat([Buffer.from([0x08, 0x01]), unknown]);
  const pieces = function* () {
    yield head(body.length);
    for (let at = 0; at < body.length; at += 512) yield body.subarray(at, at + 512);
  };
  const before = process.cpuUsage();
  await grpc(() => pieces());
  const { user, system } = process.cpuUsage(before);
  // Joined anew with each piece it would be nine gigabytes that are copied.
  expect((user + system) / 1000).toBeLessThan(2000);
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

it('an HTTP answer without end is read no further than is kept of it', async () => {
  let sent = 0;
  const server = http.createServer((_, response) => {
    const more = () => {
      while (!response.destroyed) {
        sent += 65_536;
        if (!response.write(Buffer.alloc(65_536, 'a'))) return void response.once('drain', more);
      }
    };
    more();
  });
  const port = await listen(server);
  const { ok, message } = await check({ httpGet: { port, path: '/' }, timeoutSeconds }, target);
  expect(ok).toBe(true);
  expect(message).toHaveLength(10 * 1024);
  server.closeAllConnections();
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  tried('answer of a hostile pod to a probe', 1);
});
