// The store: durable commits of the embedded engine beside etcd's, lists, watches by the thousand, a million objects; costs on DynamoDB.
// `npm run bench -- store [--objects 1000000] [--seconds 3]`

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { readCommandLine } from '../../core/process/command-line.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { openEmbeddedStore } from '../../core/store/embedded/embedded-store.ts';
import { connectStore } from '../../core/store/port.ts';
import { maximumWrites, type Store } from '../../core/store/store.ts';
import { dynamodbCosts } from './dynamodb.ts';
import { startEtcd } from './etcd.ts';
import { measure, quantiles, sampleObject } from './measure.ts';
import type { Row } from './row.ts';

const objectBytes = 2048;

export async function run(args: readonly string[] = []): Promise<unknown> {
  const { values } = readCommandLine(
    {
      name: 'npm run bench -- store',
      description: 'commits, lists and watches of the stores, beside etcd where it is installed',
      flags: {
        objects: { value: 'count', help: 'of a large store that is measured too', default: '0' },
        seconds: { value: 'seconds', help: 'that each rate is measured', default: '3' },
      },
    },
    args,
  );
  // Not /tmp, which may be memory: a sync must reach a device.
  const folder = mkdtempSync('/var/tmp/zeroplane-bench-');
  try {
    const rows = [
      ...(await commits(folder, Number(values.seconds))),
      ...(await throughPort(folder, Number(values.seconds))),
      ...(await lists(folder)),
      ...(await watchers(folder)),
      ...(await dynamodbCosts()),
    ];
    if (Number(values.objects) > 0) rows.push(...(await many(folder, Number(values.objects))));
    console.table(rows);
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function commits(folder: string, seconds: number): Promise<Row[]> {
  const store = openEmbeddedStore(join(folder, 'commits.db'));
  let n = 0;
  const ours = async (concurrency: number) => measure(concurrency, seconds, () => put(store, `default/pod-${n++}`));
  const [ours1, ours64] = [await ours(1), await ours(64)];
  await store.close();
  const etcd = await startEtcd(folder);
  const theirs = async (concurrency: number) =>
    etcd &&
    measure(concurrency, seconds, () => {
      const name = `default/pod-${n++}`;
      return etcd.create(`/registry/pods/${name}`, sampleObject(name, objectBytes).bytes);
    });
  const [theirs1, theirs64] = [await theirs(1), await theirs(64)];
  await etcd?.stop();
  const ratio = (a: number | undefined, b: number) => (a ? `${(b / a).toFixed(2)}x etcd` : 'etcd is not installed');
  return [
    { what: 'durable creates/s, concurrency 64', value: `${ours64.perSecond} (p99 ${ours64.p99} ms)`, goal: '' },
    { what: '  etcd', value: `${theirs64?.perSecond} (p99 ${theirs64?.p99} ms)`, goal: '' },
    { what: '  ratio', value: ratio(theirs64?.perSecond, ours64.perSecond), goal: 'at least 2x' },
    { what: 'p50 of a durable create, concurrency 1, ms', value: `${ours1.p50} (p99 ${ours1.p99})`, goal: '' },
    { what: '  etcd', value: `${theirs1?.p50} (p99 ${theirs1?.p99})`, goal: '' },
    { what: '  ratio', value: ratio(theirs1?.p50, ours1.p50), goal: 'at most 0.5x' },
  ];
}

/** The same commits from another thread than the one that owns the file. */
async function throughPort(folder: string, seconds: number): Promise<Row[]> {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./serving-thread.ts', import.meta.url), {
    workerData: { path: join(folder, 'port.db'), port: port1 },
    transferList: [port1],
  });
  const store = connectStore(port2);
  let n = 0;
  const at = (concurrency: number) => measure(concurrency, seconds, () => put(store, `default/pod-${n++}`));
  const [one, many64] = [await at(1), await at(64)];
  await store.close();
  await new Promise((resolve) => worker.once('exit', resolve));
  return [
    {
      what: 'through a port: creates/s, concurrency 64',
      value: `${many64.perSecond} (p99 ${many64.p99} ms)`,
      goal: '',
    },
    { what: '  p50 at concurrency 1, ms', value: `${one.p50} (p99 ${one.p99})`, goal: '' },
  ];
}

async function lists(folder: string): Promise<Row[]> {
  const store = openEmbeddedStore(join(folder, 'lists.db'));
  await fill(store, 10_000);
  const older = await store.head('pods');
  for (let i = 0; i < 10; i++)
    await Promise.all(Array.from({ length: 100 }, (_, k) => put(store, nameOf(i * 997 + k), 'any')));
  const time = async (work: () => Promise<unknown>) => {
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const start = performance.now();
      await work();
      took.push(performance.now() - start);
    }
    return `${quantiles(took).p50} (p99 ${quantiles(took).p99})`;
  };
  const newest = await time(() => store.list('pods'));
  const past = await time(() => store.list('pods', { revision: older }));
  const replicas = createReplicas(store);
  const replica = await replicas.of('pods');
  const snapshot = await time(async () => [...replica.snapshot()].length);
  const pastSnapshot = await time(async () => [...replica.snapshot({ revision: older })].length);
  replicas.close();
  await store.close();
  const goal = 'under 50';
  return [
    { what: 'list of 10,000 from the file, ms', value: newest, goal },
    { what: '  at a revision 1,000 changes ago, ms', value: past, goal },
    { what: 'list of 10,000 from a replica, ms', value: snapshot, goal },
    { what: '  at a revision 1,000 changes ago, ms', value: pastSnapshot, goal },
  ];
}

/** 1,000 watchers of one type while 1,000 objects a second change: from the commit's call to the last watcher. */
async function watchers(folder: string): Promise<Row[]> {
  const store = openEmbeddedStore(join(folder, 'watchers.db'));
  await fill(store, 1000);
  const replicas = createReplicas(store);
  const replica = await replicas.of('pods');
  const left = new Map<number, number>();
  /** When the last watcher had a revision. */
  const seen = new Map<number, number>();
  let bytes = 0;
  for (let w = 0; w < 1000; w++) {
    const watch = replica.watch({ after: replica.revision });
    watch.onReady = () => {
      for (const { revision, line } of watch.drain()) {
        bytes += line.length;
        const rest = (left.get(revision) ?? 1000) - 1;
        left.set(revision, rest);
        if (rest > 0) continue;
        left.delete(revision);
        seen.set(revision, performance.now());
      }
    };
  }
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const changes: Promise<{ start: number; revision: number }>[] = [];
  const seconds = 5;
  for (let made = 0; made < seconds * 1000; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const due = Math.min(seconds * 1000, performance.now() - begin); made < due; made++) {
      const start = performance.now();
      changes.push(put(store, nameOf(made % 1000), 'any').then((revision) => ({ start, revision })));
    }
  }
  const made = await Promise.all(changes);
  const { user, system } = process.cpuUsage(cpu);
  const wall = performance.now() - begin;
  while (seen.size < made.length) await new Promise((resolve) => setTimeout(resolve, 10));
  replicas.close();
  await store.close();
  const latencies = made.map(({ start, revision }) => (seen.get(revision) ?? Number.NaN) - start);
  const { p50, p99 } = quantiles(latencies);
  const core = (((user + system) / 1000 / wall) * 100).toFixed(0);
  return [
    { what: '1,000 watchers x 1,000 changes/s, p50 ms', value: String(p50), goal: '' },
    { what: '  p99 ms to the last watcher', value: String(p99), goal: 'under 50' },
    { what: '  of one core', value: `${core}%, ${(bytes / 1e9).toFixed(1)} GB seen`, goal: 'under 100%' },
  ];
}

async function many(folder: string, count: number): Promise<Row[]> {
  const path = join(folder, 'many.db');
  const store = openEmbeddedStore(path);
  let start = performance.now();
  await fill(store, count);
  const filled = (performance.now() - start) / 1000;
  await store.close();
  start = performance.now();
  const again = openEmbeddedStore(path);
  const opened = performance.now() - start;
  const before = process.memoryUsage().rss;
  start = performance.now();
  const replicas = createReplicas(again);
  const replica = await replicas.of('pods');
  const ready = (performance.now() - start) / 1000;
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  const insert = performance.now();
  for (let i = 0; i < 100; i++) await put(again, `zz/new-${i}`);
  await replica.catchUp();
  const inserted = (performance.now() - insert) / 100;
  replicas.close();
  await again.close();
  return [
    { what: `${count} objects: written in s`, value: filled.toFixed(1), goal: '' },
    { what: '  file, MiB', value: (statSync(path).size / 2 ** 20).toFixed(0), goal: '' },
    { what: '  store open, ms', value: opened.toFixed(1), goal: '' },
    { what: '  replica ready, s', value: ready.toFixed(1), goal: '' },
    { what: '  replica memory, MiB', value: grown.toFixed(0), goal: '' },
    { what: '  one create after that, ms', value: inserted.toFixed(3), goal: '' },
  ];
}

async function fill(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i += maximumWrites)
    await store.commit(
      Array.from({ length: Math.min(maximumWrites, count - i) }, (_, k) => {
        const name = nameOf(i + k);
        return { op: 'put', type: 'pods', name, expect: 'any', value: sampleObject(name, objectBytes) } as const;
      }),
    );
}

async function put(store: Store, name: string, expect: 0 | 'any' = 0): Promise<number> {
  const value = sampleObject(name, objectBytes);
  const [committed] = await store.commit([{ op: 'put', type: 'pods', name, expect, value }]);
  return committed?.revision ?? 0;
}

function nameOf(i: number): string {
  return `ns-${i % 20}/pod-${String(i).padStart(7, '0')}`;
}
