// A process over the embedded engine that writes, lists and watches until it is killed. Every line that it prints is something that
// was begun or answered, in the order in which that happened.

import { writeSync } from 'node:fs';
import { createReplicas } from '../../../../core/replica/replicas.ts';
import { openEmbeddedStore } from '../../../../core/store/embedded/embedded-store.ts';
import type { Write } from '../../../../core/store/store.ts';
import { StoreError } from '../../../../core/store/store.ts';
import { Random } from '../../random.ts';
import { deletePrefix, textOf, uniqueValue } from '../../validation/checker.ts';
import type { Line } from '../lines.ts';

const [path = '', seed = '0'] = process.argv.slice(2);
const random = new Random(Number(seed));
const store = openEmbeddedStore(path);
const type = 'pods';
let ids = 0;

function print(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

async function write(): Promise<void> {
  const names = new Set(Array.from({ length: random.pick([1, 1, 1, 3]) }, () => `x${random.below(20)}`));
  const id = `${seed}-${ids++}`;
  const writes: Write[] = [];
  for (const name of names) {
    const current = await store.get(type, name);
    const expect = current?.revision ?? 0;
    if (current && random.chance(0.3))
      writes.push({ op: 'delete', type, name, expect, value: uniqueValue(`${deletePrefix}${id}-${name}`) });
    else writes.push({ op: 'put', type, name, expect, value: uniqueValue(`w${id}-${name}`) });
  }
  const sent = writes.map(({ op, name, expect }) => ({ op, name, expect }));
  print({ kind: 'sent', id, writes: sent });
  try {
    const committed = await store.commit(writes);
    const answers = committed.map(({ revision, value }) => ({ revision, text: value ? textOf(value) : '' }));
    print({ kind: 'committed', id, answers });
  } catch (error) {
    if (!(error instanceof StoreError) || error.failure.code !== 'conflict') throw error;
    print({ kind: 'refused', id });
  }
}

async function list(): Promise<void> {
  const page = await store.list(type);
  print({
    kind: 'listed',
    revision: page.revision,
    items: page.items.map(({ name, revision, value }) => ({ name, revision, text: textOf(value) })),
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
}

async function watch(): Promise<void> {
  const replica = await createReplicas(store).of(type);
  let place = replica.revision;
  const watching = replica.watch({ after: place });
  watching.onReady = () => {
    const events = watching.drain().map((event) => ({
      kind: event.type === 'DELETED' ? ('delete' as const) : ('put' as const),
      name: event.entry.name,
      revision: event.revision,
      text: textOf(event.entry.bytes),
    }));
    print({ kind: 'watched', after: place, events, through: watching.revision });
    place = watching.revision;
  };
}

async function forever(work: () => Promise<void>): Promise<never> {
  for (;;) await work();
}

await watch();
await Promise.all([...Array.from({ length: 12 }, () => forever(write)), forever(list)]);
