// A pod that asks the node's DNS for more than there is room for leaves room for the others.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { encode } from 'dns-packet';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tried } from '../../../test/tools/tried.ts';
import { createDnsServer, type DnsServer } from './server.ts';
import { buildZone } from './zone.ts';

let server: DnsServer;
let port: number;
let asked: string[];
let answerAll: () => void;

const zone = buildZone({
  domain: 'cluster.local',
  clusterDNS: ['127.0.0.1'],
  ...{ reverse: [], services: [], endpointSlices: [], namespaces: [] },
});

beforeEach(async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const address = free.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  port = address.port;
  await new Promise((resolve) => free.close(resolve));
  asked = [];
  const waiting: (() => void)[] = [];
  answerAll = () => {
    for (const each of waiting.splice(0)) each();
  };
  server = createDnsServer({
    addresses: ['127.0.0.1'],
    port,
    zone: () => zone,
    // Resolvers that never come to an end.
    upstream: {
      ask(_query, _transport, key) {
        asked.push(key);
        return new Promise((resolve) => waiting.push(() => resolve(undefined)));
      },
    },
    onError: () => undefined,
  });
  await server.start();
});
afterEach(async () => {
  answerAll();
  await server.stop();
});

const question = (name: string) => encode({ type: 'query', id: 1, questions: [{ type: 'A', name }] });

/** A pod, by its address. */
async function pod(address: string): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return socket;
}

it('names outside the cluster', async () => {
  const [loud, quiet] = [await pod('127.0.0.2'), await pod('127.0.0.3')];
  let refused = 0;
  loud.on('message', () => {
    refused += 1;
  });
  // In portions, so that no datagram is lost on the way.
  for (let sent = 0; sent < 600; sent += 50) {
    for (let i = 0; i < 50; i++) loud.send(question(`n${sent + i}.example`), port, '127.0.0.1');
    await expect.poll(() => asked.length + refused).toBe(sent + 50);
  }
  expect(asked.length).toBe(200);
  quiet.send(question('other.example'), port, '127.0.0.1');
  await expect.poll(() => asked.at(-1)).toBe('A other.example');
  answerAll();
  tried('question of a pod that asks for all', 600);
  for (const each of [loud, quiet]) each.close();
});

it('connections', async () => {
  const from = async (localAddress: string, count: number): Promise<Socket[]> => {
    const sockets = Array.from({ length: count }, () =>
      connect({ host: '127.0.0.1', port, localAddress }).on('error', () => undefined),
    );
    await Promise.all(sockets.map((each) => once(each, 'connect')));
    return sockets;
  };
  const loud = await from('127.0.0.2', 300);
  await expect.poll(() => loud.filter((each) => each.destroyed).length).toBe(200);
  const [quiet] = await from('127.0.0.3', 1);
  const query = question('over-tcp.example');
  quiet?.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]));
  await expect.poll(() => asked).toContain('A over-tcp.example');
  for (const each of [...loud, quiet]) each?.destroy();
});
