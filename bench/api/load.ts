// The load: the same requests, in the same numbers, for any server.

import type { Client } from './client.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: '/s' | 'ms' | 'MB';
  /** Of single requests, in milliseconds, where `value` is a rate. */
  readonly p50?: number;
  readonly p99?: number;
  /** Processor time of the server for one request, in microseconds: it tells the truth on a busy machine too. */
  readonly cpu?: number;
}

/** Processor time that the server has used so far, in milliseconds; undefined where it runs elsewhere. */
export type CpuMeter = () => number | undefined;

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

/** Requests of every kind that are not measured: what is measured is a server that has been running for a while. */
async function warmUp(client: Client): Promise<void> {
  const all = async (send: (i: number) => Promise<unknown>) => void (await rate(() => undefined, '', 16, 1500, send));
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
  const figures: Figure[] = [];
  for (const { name, concurrency, writes, reads } of [
    { name: 'warm', concurrency: 16, writes: 1500, reads: 1500 },
    { name: 'c1', concurrency: 1, writes: 500, reads: 2000 },
    { name: 'c64', concurrency: 64, writes: 8000, reads: 32_000 },
  ]) {
    const create = (i: number) => client.send('POST', configMaps, configMap(`${name}-${i}`, 0));
    const get = (i: number) => client.send('GET', `${configMaps}/${name}-${i % writes}`);
    figures.push(
      await rate(cpu, `ConfigMap create, ${concurrency}`, concurrency, writes, create),
      await rate(cpu, `ConfigMap get, ${concurrency}`, concurrency, reads, get),
    );
  }
  return figures;
}

export async function measureConfigMaps(client: Client, cpu: CpuMeter): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { concurrency, writes, reads, applies } of [
    { concurrency: 1, writes: 500, reads: 2000, applies: 500 },
    { concurrency: 64, writes: 8000, reads: 32_000, applies: 3000 },
  ]) {
    const name = (i: number) => `c${concurrency}-${i}`;
    const put = (what: string, count: number, send: (i: number) => Promise<unknown>) =>
      rate(cpu, `ConfigMap ${what}, ${concurrency}`, concurrency, count, send).then((figure) => figures.push(figure));
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

export async function measurePods(client: Client, cpu: CpuMeter): Promise<Figure[]> {
  const create = (from: number) => (i: number) => client.send('POST', pods, pod(`p${from + i}`));
  const remove = (from: number) => (i: number) => client.send('DELETE', `${pods}/p${from + i}`);
  const first = await rate(cpu, 'Pod create, 1', 1, 500, create(0));
  await rate(cpu, '', 16, 500, create(500));
  const short = await list(client, 'list of 1,000 pods', 1000);
  const many = await rate(cpu, 'Pod create, 64', 64, 4000, create(1000));
  const long = await list(client, 'list of 5,000 pods', 5000);
  const last = await rate(cpu, 'Pod delete, 1', 1, 500, remove(0));
  const most = await rate(cpu, 'Pod delete, 64', 64, 4500, remove(500));
  return [first, many, last, most, short, long];
}

/** From the sending of a create to its event, at every watcher. */
export async function measureWatches(client: Client): Promise<Figure[]> {
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
    for (let i = 0; i < 200; i++) {
      const name = `w${watchers}-${i}`;
      missing = watchers;
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      sent.set(name, performance.now());
      await Promise.all([client.send('POST', configMaps, configMap(name, 0)), all]);
    }
    for (const watch of watches) watch.stop();
    const { p50, p99 } = quantiles(latencies);
    figures.push({
      name: `create to watch event, ${watchers} watcher${watchers > 1 ? 's' : ''}`,
      value: p50,
      unit: 'ms',
      p99,
    });
  }
  return figures;
}

async function list(client: Client, name: string, expected: number): Promise<Figure> {
  const took: number[] = [];
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    const parts = await client.read(pods);
    took.push(performance.now() - began);
    const found = Buffer.concat(parts).toString().split('"uid":').length - 1;
    if (found < expected) throw new Error(`a list of ${expected} pods showed ${found}`);
  }
  const { p50, p99 } = quantiles(took);
  return { name, value: p50, unit: 'ms', p99 };
}

/** `count` requests from `concurrency` loops. */
async function rate(
  cpu: CpuMeter,
  name: string,
  concurrency: number,
  count: number,
  send: (i: number) => Promise<unknown>,
): Promise<Figure> {
  const latencies: number[] = [];
  let next = 0;
  const cpuBefore = cpu();
  const began = performance.now();
  const loop = async () => {
    for (let i = next++; i < count; i = next++) {
      const start = performance.now();
      await send(i);
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  const seconds = (performance.now() - began) / 1000;
  const used = (cpu() ?? 0) - (cpuBefore ?? 0);
  const perRequest = cpuBefore === undefined ? {} : { cpu: Math.round((used * 1000) / count) };
  return { name, value: Math.round(count / seconds), unit: '/s', ...quantiles(latencies), ...perRequest };
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
