// Writes to a store until it is killed, and prints every commit once it was answered. See crash.test.ts.

import { writeSync } from 'node:fs';
import type { Write } from '../../store.ts';
import { openEmbeddedStore } from '../embedded-store.ts';

const [path = '', seed = '0'] = process.argv.slice(2);
const store = openEmbeddedStore(path);
let state = Number(seed) + 1;
const random = (n: number) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};

async function write(): Promise<never> {
  for (;;) {
    const stamp = `${seed}-${random(1e9)}`;
    const put = (name: string): Write => ({
      op: 'put',
      type: 'things',
      name,
      expect: 'any',
      value: { bytes: Buffer.from(stamp) },
    });
    const name = `x${random(40)}`;
    const kind = random(10);
    if (kind === 0) await report([{ op: 'delete', type: 'things', name, expect: 'any' }], '');
    else if (kind === 1) await report([put('pair-a'), put('pair-b')], stamp);
    else await report([put(name)], stamp);
  }
}

async function report(writes: Write[], value: string): Promise<void> {
  const committed = await store.commit(writes);
  const lines = committed.map(({ revision }, i) => `${JSON.stringify({ name: writes[i]?.name, revision, value })}\n`);
  writeSync(1, lines.join(''));
}

async function compact(): Promise<never> {
  for (;;) {
    const head = await store.head('things');
    await store.compact('things', Math.max(0, head - 300));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await Promise.all([...Array.from({ length: 16 }, write), compact()]);
