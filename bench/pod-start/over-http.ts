// The same start without kubectl's own processes: creates pods over HTTP and sees them run through a watch. Runs on the cluster's host:
// `node bench/pod-start/over-http.ts DATA-DIR`; each line of its input is a number of pods that are started at once and their kind, and is
// answered with a line of JSON, a list of SeenStart, when all have gone again.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from '../api/client.ts';
import { benchConfigMap, benchPod, type PodKind } from './bench-pod.ts';

/** When, in Unix milliseconds with fractions. */
export interface SeenStart {
  readonly name: string;
  readonly posted: number;
  readonly answered: number;
  readonly bound: number;
  readonly running: number;
}

const [dataDir = ''] = process.argv.slice(2);
const read = (file: string) => readFileSync(join(dataDir, file), 'utf8').trim();
const { port } = JSON.parse(read('cluster.json'));
const target = { server: `https://127.0.0.1:${port}`, token: read('pki/admin.token'), insecure: false };
const client = await connect({ ...target, ca: read('pki/ca.crt') }, 1);
const pods = '/api/v1/namespaces/default/pods';

const now = () => performance.timeOrigin + performance.now();
const boundAt = new Map<string, number>();
const waiting = new Map<string, (at: number) => void>();
const watch = await client.watch(`${pods}?watch=true`, (line) => {
  const { type, object } = JSON.parse(line);
  const { name } = object.metadata;
  if (object.spec?.nodeName && !boundAt.has(name)) boundAt.set(name, now());
  waiting.get(`${name} ${type === 'DELETED' ? 'gone' : object.status?.phase}`)?.(now());
});
const until = (name: string, state: string) =>
  new Promise<number>((resolve) => {
    waiting.set(`${name} ${state}`, resolve);
  });

async function start(name: string, kind: PodKind): Promise<SeenStart> {
  const runs = until(name, 'Running');
  const posted = now();
  await client.send('POST', pods, JSON.stringify(benchPod(name, kind)));
  const answered = now();
  return runs.then((running) => ({ name, posted, answered, bound: boundAt.get(name) ?? Number.NaN, running }));
}

async function remove(name: string): Promise<void> {
  const gone = until(name, 'gone');
  await client.send('DELETE', `${pods}/${name}`);
  await gone;
}

await client.send('POST', '/api/v1/namespaces/default/configmaps', JSON.stringify(benchConfigMap));
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [length, kind] = line.split(' ');
  const names = Array.from({ length: Number(length) }, () => `bench-http-${process.pid}-${count++}`);
  // as: who starts this program writes kinds.
  const seen = await Promise.all(names.map((name) => start(name, kind as PodKind)));
  await Promise.all(names.map(remove));
  console.log(JSON.stringify(seen));
}
watch.stop();
await client.send('DELETE', `/api/v1/namespaces/default/configmaps/${benchConfigMap.metadata.name}`);
client.close();
