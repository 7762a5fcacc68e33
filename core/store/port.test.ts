import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { heartbeatsContract } from './contract/heartbeats.ts';
import { storeContract } from './contract.ts';
import type { EmbeddedStore } from './embedded/embedded-store.ts';
import { openEmbeddedStore } from './embedded/embedded-store.ts';
import type { ConnectedStore } from './port.ts';
import { connectStore, serveStore } from './port.ts';

async function openBoth() {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-port-'));
  let now = Date.now();
  const inner = openEmbeddedStore(join(folder, 'store.db'), { now: () => now, tickMs: 0 });
  const { port1, port2 } = new MessageChannel();
  serveStore(inner, port1);
  const store = connectStore(port2);
  return {
    inner,
    store,
    port1,
    expire: async (nowSeconds: number) => {
      now = nowSeconds * 1000;
      await inner.tick();
    },
    dispose: async () => {
      await store.close();
      await inner.close();
      rmSync(folder, { recursive: true });
    },
  };
}

storeContract('embedded, through a port', openBoth);
heartbeatsContract('embedded, through a port', async () => {
  const { store, dispose } = await openBoth();
  return { heartbeats: store.heartbeats, dispose };
});

let both: Awaited<ReturnType<typeof openBoth>>;
let inner: EmbeddedStore;
let store: ConnectedStore;

beforeEach(async () => {
  both = await openBoth();
  ({ inner, store } = both);
});

afterEach(() => both.dispose());

it('sends the calls of one turn in one message, and their answers in few', async () => {
  let asked = 0;
  let answered = 0;
  both.port1.on('message', () => asked++);
  const post = both.port1.postMessage.bind(both.port1);
  both.port1.postMessage = (message: unknown) => {
    answered++;
    post(message);
  };
  await Promise.all(Array.from({ length: 1000 }, (_, i) => put(`x${i}`)));
  expect(await inner.head('things')).toBe(1000);
  expect(asked).toBe(1);
  expect(answered).toBeLessThanOrEqual(3);
});

it('sends the bytes of a view, not the pool behind it', async () => {
  const sent: number[] = [];
  both.port1.on('message', (calls: { args: [{ value: { bytes: Uint8Array } }[]] }[]) => {
    for (const { args } of calls) sent.push(args[0][0]?.value.bytes.buffer.byteLength ?? -1);
  });
  const bytes = Buffer.from('.'.repeat(1000)).subarray(0, 10);
  await store.commit([{ op: 'put', type: 'things', name: 'x', expect: 0, value: { bytes } }]);
  expect(sent).toEqual([10]);
});

it('keeps heartbeats on the other side', async () => {
  await store.heartbeats.beat('node-1', 5);
  expect(await inner.heartbeats.all()).toEqual(new Map([['node-1', 5]]));
});

it('tells of commits that others make', async () => {
  const heard: unknown[] = [];
  store.onCommit((type, head) => heard.push([type, head]));
  await inner.commit([{ op: 'put', type: 'things', name: 'x', expect: 0, value: { bytes: Buffer.from('x') } }]);
  await expect.poll(() => heard).toEqual([['things', 1]]);
});

it('tells of many commits in a row in few messages, with all that the logs gained', async () => {
  const heard: [number, number[]][] = [];
  store.onCommit((_, head, entries) => heard.push([head, (entries ?? []).map(({ revision }) => revision)]));
  for (let i = 1; i <= 50; i++)
    await inner.commit([
      { op: 'put', type: 'things', name: `x${i}`, expect: 0, value: { bytes: Buffer.from('x'), revisionOffset: 0 } },
    ]);
  await expect.poll(() => heard.at(-1)?.[0]).toBe(50);
  expect(heard.flatMap(([, revisions]) => revisions)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
});

it('leaves to be read what would make a large message', async () => {
  const heard: unknown[] = [];
  store.onCommit((type, head, entries) => heard.push([type, head, entries]));
  const bytes = Buffer.alloc(2 * 1024 * 1024);
  await inner.commit([{ op: 'put', type: 'things', name: 'x', expect: 0, value: { bytes } }]);
  await expect.poll(() => heard).toEqual([['things', 1, undefined]]);
});

it('when the other side goes away, says of a commit that it may have happened and of a read that the store is closed', async () => {
  const commit = put('x');
  const read = store.get('things', 'x');
  both.port1.close();
  await expect(commit).rejects.toMatchObject({ failure: { code: 'ambiguous', data: { type: 'things', name: 'x' } } });
  await expect(read).rejects.toMatchObject({ failure: { code: 'closed' } });
});

function put(name: string) {
  return store.commit([{ op: 'put', type: 'things', name, expect: 0, value: { bytes: Buffer.from('value') } }]);
}
