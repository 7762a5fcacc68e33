import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestRegistry, type TestRegistry } from '../../core/registry/testing.ts';
import { reachFromHere } from './reach-from-here.ts';

let t: TestRegistry;
beforeEach(async () => {
  t = await openTestRegistry();
  for (const [name, address] of [
    ['here', '192.0.2.1'],
    ['there', '192.0.2.2'],
  ] as const) {
    await t.create('nodes', '', { metadata: { name } });
    const addresses = [{ type: 'InternalIP', address }];
    await t.registry.patch(t.context, t.target('nodes', undefined, name, 'status'), 'merge', { status: { addresses } });
  }
  await (await t.replicas.of('nodes')).catchUp();
});
afterEach(() => t.close());

it('pods of this machine, and what is no pod, are reached at their addresses; other pods over their nodes', async () => {
  const server = createServer((socket) => socket.end('direct'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const reach = reachFromHere(
    t.replicas,
    async ({ node, pod }) => new PassThrough().end(`over ${node} to ${pod}`),
    () => new Set(['192.0.2.1']),
  );
  const said = async (node?: string) => {
    const pod = node === undefined ? {} : { pod: { namespace: 'a', name: 'p', uid: 'u', node } };
    const connection = await reach({ host: '127.0.0.1', port: address.port, ...pod });
    const chunks: Buffer[] = [];
    for await (const chunk of connection) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  try {
    expect(await said()).toBe('direct');
    expect(await said('here')).toBe('direct');
    expect(await said('there')).toBe('over there to p');
    expect(await said('nowhere')).toBe('over nowhere to p');
  } finally {
    server.close();
  }
});
