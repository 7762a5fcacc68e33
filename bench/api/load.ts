// The load: the same requests, in the same numbers, for any server.

import type { Client } from './client.ts';
import { alone, type Turn } from './turns.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: '/s' | 'ms' | 'MB';
  /** Of single requests, in milliseconds, where `value` is a rate. */
  readonly p50?: number;
  readonly p99?: number;
  /** Processor time of the server for one request, in microseconds: it tells the truth on a busy machine too. */
  readonly cpu?: number;
  /** Milliseconds that each slice of the load took, in their order: of two servers they lie beside each other in time. */
  readonly took?: readonly number[];
}

/** Processor time that the server has used so far, in milliseconds; undefined where it runs elsewhere. */
export type CpuMeter = () => number | undefined;

/** What is measured: a client of a server, its meter, and how a slice of the load comes to its turn (turns.ts). */
export interface Measured {
  readonly client: Client;
  readonly cpu: CpuMeter;
  readonly turn: Turn;
}

const namespace = 'bench-api';
const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
const pods = `/api/v1/namespaces/${namespace}/pods`;

/** Of ConfigMaps that `measureConfigMaps` made. */
export function configMapPaths(concurrency: number, made: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${configMaps}/c${concurrency}-${i % made}`);
}

export async function prepare(client: Client): Promise<void> {
  const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await client.send('POST', '/api/v1/namespaces', manifest);
  // Pods need it; the controller makes it.
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  for (const until = Date.now() + 5000; Date.now() < until; ) {
    if (
      await client.send('GET', `${account}/default`).then(
        () => true,
        () => false,
      )
    )
      return warmUp(client);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await client.send('POST', account, JSON.stringify({ metadata: { name: 'default' } }));
  await warmUp(client);
}

/** Of each kind. After 1,500 V8 still compiles, and what runs more code was measured while it did: the first row alone. */
const warmRequests = 6000;

/** Requests of every kind that are not measured: what is measured is a server that has been running for a while. */
async function warmUp(client: Client): Promise<void> {
  const all = async (send: (i: number) => Promise<unknown>) =>
    void (await rate({ cpu: () => undefined, turn: alone }, '', 16, warmRequests, send));
  const at = (i: number) => `${configMaps}/warm-${i}`;
  await all((i) => client.send('POST', configMaps, configMap(`warm-${i}`, 0)));
  await all((i) => client.send('GET', at(i)));
  await all((i) => client.send('PUT', at(i), configMap(`warm-${i}`, 1)));
  const applied = 'application/apply-patch+yaml';
  await all((i) => client.send('PATCH', `${at(i)}?fieldManager=bench&force=true`, configMap(`warm-${i}`, 2), applied));
  await all((i) => client.send('POST', pods, pod(`warm-${i}`)));
  for (let i = 0; i < 20; i++) await client.send('GET', pods);
  await all((i) => client.send('DELETE', `${pods}/warm-${i}`));
  await all((i) => client.send('DELETE', at(i)));
}

export async function cleanUp(client: Client): Promise<void> {
  await client.send('DELETE', `/api/v1/namespaces/${namespace}`);
}

/** Creates and gets of a server that knows nothing else, warm. */
export async function measureBare(client: Client, cpu: CpuMeter): Promise<Figure[]> {
  const measured = { cpu, turn: alone };
  const figures: Figure[] = [];
  for (const { name, concurrency, writes, reads } of [
    { name: 'warm', concurrency: 16, writes: 1500, reads: 1500 },
    { name: 'c1', concurrency: 1, writes: 500, reads: 2000 },
    { name: 'c64', concurrency: 64, writes: 8000, reads: 32_000 },
  ]) {
    const create = (i: number) => client.send('POST', configMaps, configMap(`${name}-${i}`, 0));
    const get = (i: number) => client.send('GET', `${configMaps}/${name}-${i % writes}`);
    figures.push(
      await rate(measured, `ConfigMap create, ${concurrency}`, concurrency, writes, create),
      await rate(measured, `ConfigMap get, ${concurrency}`, concurrency, reads, get),
    );
  }
  return figures;
}

export async function measureConfigMaps(measured: Measured): Promise<Figure[]> {
  const { client } = measured;
  const figures: Figure[] = [];
  for (const { concurrency, writes, reads, applies } of [
    { concurrency: 1, writes: 500, reads: 2000, applies: 500 },
    { concurrency: 64, writes: 8000, reads: 32_000, applies: 3000 },
  ]) {
    const name = (i: number) => `c${concurrency}-${i}`;
    const put = (what: string, count: number, send: (i: number) => Promise<unknown>) =>
      rate(measured, `ConfigMap ${what}, ${concurrency}`, concurrency, count, send).then((figure) =>
        figures.push(figure),
      );
    await put('create', writes, (i) => client.send('POST', configMaps, configMap(name(i), 0)));
    await put('get', reads, (i) => client.send('GET', `${configMaps}/${name(i % writes)}`));
    await put('put', writes, (i) => client.send('PUT', `${configMaps}/${name(i)}`, configMap(name(i), 1)));
    const apply = (i: number) =>
      client.send(
        'PATCH',
        `${configMaps}/applied-${name(i)}?fieldManager=bench&force=true`,
        configMap(`applied-${name(i)}`, i),
        'application/apply-patch+yaml',
      );
    await put('server-side apply', applies, apply);
  }
  return figures;
}

export async function measurePods(measured: Measured): Promise<Figure[]> {
  const { client } = measured;
  const create = (from: number) => (i: number) => client.send('POST', pods, pod(`p${from + i}`));
  const remove = (from: number) => (i: number) => client.send('DELETE', `${pods}/p${from + i}`);
  const first = await rate(measured, 'Pod create, 1', 1, 500, create(0));
  await rate(measured, '', 16, 500, create(500));
  const short = await list(measured, 'list of 1,000 pods', 1000);
  const many = await rate(measured, 'Pod create, 64', 64, 4000, create(1000));
  const long = await list(measured, 'list of 5,000 pods', 5000);
  const last = await rate(measured, 'Pod delete, 1', 1, 500, remove(0));
  const most = await rate(measured, 'Pod delete, 64', 64, 4500, remove(500));
  return [first, many, last, most, short, long];
}

/** From the sending of a create to its event, at every watcher. */
export async function measureWatches({ client, turn }: Measured): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const watchers of [1, 100]) {
    const sent = new Map<string, number>();
    const latencies: number[] = [];
    let missing = 0;
    let done = () => {};
    const seen = (line: string) => {
      const at = performance.now();
      const name = /"name":"(w\d+-\d+)"/.exec(line)?.[1];
      const from = name === undefined ? undefined : sent.get(name);
      if (from === undefined) return;
      latencies.push(at - from);
      if (--missing === 0) done();
    };
    const { metadata } = JSON.parse((await client.send('GET', `${configMaps}?limit=1`)).toString());
    const path = `${configMaps}?watch=true&resourceVersion=${metadata.resourceVersion}`;
    const watches = await Promise.all(Array.from({ length: watchers }, () => client.watch(path, seen)));
    const write = async (name: string) => {
      missing = watchers;
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      sent.set(name, performance.now());
      await Promise.all([client.send('POST', configMaps, configMap(name, 0)), all]);
    };
    for (let slice = 0; slice < slices; slice++)
      await turn(async () => {
        for (let i = 0; i < 200 / slices; i++) await write(`w${watchers}-${slice * slices + i}`);
      });
    for (const watch of watches) watch.stop();
    const { p50, p99 } = quantiles(latencies);
    figures.push({
      name: `create to watch event, ${watchers} watcher${watchers > 1 ? 's' : ''}`,
      value: p50,
      unit: 'ms',
      p99,
      took: latencies,
    });
  }
  return figures;
}

async function list({ client, turn }: Measured, name: string, expected: number): Promise<Figure> {
  const took: number[] = [];
  for (let i = 0; i < 20; i++) {
    const parts = await turn(async () => {
      const began = performance.now();
      const read = await client.read(pods);
      took.push(performance.now() - began);
      return read;
    });
    const found = Buffer.concat(parts).toString().split('"uid":').length - 1;
    if (found < expected) throw new Error(`a list of ${expected} pods showed ${found}`);
  }
  const { p50, p99 } = quantiles(took);
  return { name, value: p50, unit: 'ms', p99, took };
}

/** A row's load is cut into so many: two servers that are compared take turns with them. */
const slices = 20;

/** `count` requests from `concurrency` loops. */
async function rate(
  { cpu, turn }: Omit<Measured, 'client'>,
  name: string,
  concurrency: number,
  count: number,
  send: (i: number) => Promise<unknown>,
): Promise<Figure> {
  const latencies: number[] = [];
  const took: number[] = [];
  let used: number | undefined = 0;
  let next = 0;
  const loop = async (end: number) => {
    while (next < end) {
      const start = performance.now();
      await send(next++);
      latencies.push(performance.now() - start);
    }
  };
  for (let slice = 1; slice <= slices; slice++) {
    const end = Math.round((count * slice) / slices);
    await turn(async () => {
      const cpuBefore = cpu();
      const began = performance.now();
      await Promise.all(Array.from({ length: concurrency }, () => loop(end)));
      took.push(performance.now() - began);
      const cpuAfter = cpu();
      used = used === undefined || cpuAfter === undefined ? undefined : used + cpuAfter - (cpuBefore ?? 0);
    });
  }
  const seconds = took.reduce((sum, each) => sum + each, 0) / 1000;
  const perRequest = used === undefined ? {} : { cpu: Math.round((used * 1000) / count) };
  return { name, value: Math.round(count / seconds), unit: '/s', ...quantiles(latencies), ...perRequest, took };
}

function quantiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) => Number((sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN).toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}

function configMap(name: string, change: number): string {
  const data = { 'app.conf': `change = ${change}\n${'key = value\n'.repeat(60)}`, mode: 'bench' };
  const metadata = { name, namespace, labels: { app: 'bench' } };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
}

/** No scheduler takes it: what is measured is the API. */
function pod(name: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: 'bench', tier: 'web' } },
    spec: {
      schedulerName: 'none',
      containers: [
        {
          name: 'web',
          image: 'registry.example/web:1.2.3',
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [{ name: 'MODE', value: 'bench' }],
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
        },
      ],
    },
  });
}
