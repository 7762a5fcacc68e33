// A write that asks a webhook in a pod, beside one that asks nobody: what it takes, and how much longer it waits. The two take turns, since the
// machine is faster at one time than at another.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AwsWorker } from '../../test/aws/harness/worker.ts';
import { eventually } from '../../test/tools/cluster.ts';
import { createHookPod, hookConfiguration } from '../../test/tools/webhook-pod.ts';
import { type Measured, measure, medianOf } from './measure.ts';

export interface WebhookMeasured extends Measured {
  /** Medians at the client, warm: a write that asks nobody, and one that asks. */
  readonly aloneMs: number;
  readonly askedMs: number;
}

const writes = 40;
const times = 5;

/** The worker has the image of the webhook's pod. */
export async function measureWebhook({ kubectl, counted, enter, kubeconfig }: AwsWorker): Promise<WebhookMeasured> {
  const hook = await createHookPod();
  const rule = { apiGroups: [''], resources: ['configmaps'] };
  const objectSelector = { matchLabels: { asked: 'yes' } };
  const items = [...hook.objects, hookConfiguration('Validating', 'asks', hook, '/validate', rule, { objectSelector })];
  await kubectl.input(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
  await eventually(120, async () => (await kubectl('get', 'deployment', 'hook')).includes('1/1'));
  const configMap = (name: string, asked: boolean) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { asked: asked ? 'yes' : 'no' } },
    });
  const create = (name: string, asked: boolean) =>
    kubectl.input(configMap(name, asked), 'create', '--raw', '/api/v1/namespaces/default/configmaps', '-f', '-');
  const all: Measured[] = [];
  for (let i = 0; i <= times; i++)
    all.push(await measure('a write with a webhook in a pod', counted, () => create(`counted-${i}`, true)));
  const [program = '', ...rest] = enter;
  const child = spawn(program, [...rest, process.execPath, '-e', client, kubeconfig, String(writes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await once(child, 'close');
  const { alone, asked }: { alone: number[]; asked: number[] } = JSON.parse(said);
  await kubectl('delete', 'validatingwebhookconfiguration', 'asks');
  const write = medianOf('a write that asks a webhook in a pod', all.slice(1));
  return { ...write, aloneMs: median(alone), askedMs: median(asked) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Runs where the cluster is; one connection, one write at a time. The first ones warm up. */
const client = `
const http2 = require('node:http2'), fs = require('node:fs');
const { clusters: [{ cluster }], users: [{ user }] } = JSON.parse(fs.readFileSync(process.argv[1], 'utf8'));
const url = new URL(cluster.server);
const session = http2.connect(cluster.server, { ca: Buffer.from(cluster['certificate-authority-data'], 'base64') });
const write = (name, asked) => new Promise((resolve, reject) => {
  const began = performance.now();
  const request = session.request({ ':method': 'POST', ':path': url.pathname + '/api/v1/namespaces/default/configmaps',
    'content-type': 'application/json', authorization: 'Bearer ' + user.token });
  let status, text = '';
  request.on('response', (headers) => { status = headers[':status']; }).on('data', (chunk) => { text += chunk; }).on('error', reject);
  request.on('end', () => status === 201 ? resolve(performance.now() - began) : reject(new Error(status + ' ' + text)));
  request.end(JSON.stringify({ metadata: { name, labels: { asked } } }));
});
(async () => {
  const taken = { alone: [], asked: [] };
  for (let i = 0; i < Number(process.argv[2]); i++)
    for (const [name, asked] of [['alone', 'no'], ['asked', 'yes']]) {
      const ms = await write(name + '-' + i, asked);
      if (i >= 5) taken[name].push(ms);
    }
  console.log(JSON.stringify(taken));
  session.close();
})();
`;
