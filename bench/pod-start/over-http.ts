// The same start without kubectl's own processes: creates pods over HTTP and sees them run through a watch. Runs on the cluster's host:
// `node bench/pod-start/over-http.ts DATA-DIR ROUNDS`; prints the milliseconds of each start as JSON.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../api/client.ts';
import { benchPod } from './bench-pod.ts';

const [dataDir = '', rounds = ''] = process.argv.slice(2);
const read = (file: string) => readFileSync(join(dataDir, file), 'utf8').trim();
const { port } = JSON.parse(read('cluster.json'));
const target = { server: `https://127.0.0.1:${port}`, token: read('pki/admin.token'), insecure: false };
const client = await connect({ ...target, ca: read('pki/ca.crt') }, 1);
const pods = '/api/v1/namespaces/default/pods';

const waiting = new Map<string, () => void>();
const watch = await client.watch(`${pods}?watch=true`, (line) => {
  const { type, object } = JSON.parse(line);
  const state = type === 'DELETED' ? 'gone' : object.status?.phase;
  waiting.get(`${object.metadata.name} ${state}`)?.();
});
const until = (name: string, state: string) =>
  new Promise<void>((resolve) => {
    waiting.set(`${name} ${state}`, resolve);
  });

const took: number[] = [];
for (let i = 0; i < Number(rounds); i++) {
  const name = `bench-http-${i}`;
  const runs = until(name, 'Running');
  const began = performance.now();
  await client.send('POST', pods, JSON.stringify(benchPod(name)));
  await runs;
  took.push(Math.round(performance.now() - began));
  const gone = until(name, 'gone');
  await client.send('DELETE', `${pods}/${name}`);
  await gone;
}
watch.stop();
client.close();
console.log(JSON.stringify(took));
