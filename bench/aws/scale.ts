// What it takes a function that serves nodes to answer one of them in a large cluster: cold, then after changes, in a process of its own over
// the model of DynamoDB; by the index of all nodes, and by what is read of the one that asks.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openDynamoStore } from '../../core/store/dynamodb/dynamodb-store.ts';
import type { Put, Store } from '../../core/store/store.ts';
import { StoreError } from '../../core/store/store.ts';
import { groupedTypes } from '../../functions/apiserver/node/grouped-types.ts';
import { startDynamoServer } from '../../test/aws/harness/dynamo-server.ts';
import { samplePod } from '../store/sample-pod.ts';
import { step } from './parts.ts';

/** A look of one node. */
export interface Look {
  readonly ms: number;
  readonly processorMs: number;
  /** Of the answer. */
  readonly megabytes: number;
  readonly requests: number;
  readonly readUnits: number;
  /** By which the process has grown since it was ready to look, and garbage with it. */
  readonly grownMegabytes: number;
}

export interface Scale {
  readonly pods: number;
  readonly nodes: number;
  readonly indexed: Looks;
  readonly own: Looks;
}

export interface Looks {
  readonly cold: Look;
  /** After 200 pods of others have changed, and one of its own. */
  readonly again: Look;
}

export type Way = 'indexed' | 'own';

const podsOfNode = 20;
const endpointsOfSlice = 100;
const changed = 200;
const batch = 500;

export async function measureScale(pods: number): Promise<Scale> {
  step(`a cluster of ${pods} pods`);
  const server = await startDynamoServer('127.0.0.1');
  const store = openDynamoStore({ calls: server.calls, table: 'store' });
  try {
    await store.groups.begin(groupedTypes, 'bench', undefined);
    const revisions = await fill(store, pods);
    const measured: Partial<Record<Way, Looks>> = {};
    for (const way of ['indexed', 'own'] as const) {
      step(`a look: ${way}`);
      measured[way] = await lookTwice(server.url, way, async () => {
        const writes = Array.from({ length: changed + 1 }, (_, i) => putPod(i, i));
        const expecting = writes.map((each, i) => ({ ...each, expect: revisions[i] ?? 0, joins: undefined }));
        const done = await store.commitEach(expecting.map(({ joins: _, ...each }) => each));
        for (const [i, each] of done.entries()) if (!(each instanceof StoreError)) revisions[i] = each.revision;
      });
    }
    const { indexed, own } = measured;
    if (!indexed || !own) throw new Error('one of the ways was not measured');
    return { pods, nodes: pods / podsOfNode, indexed, own };
  } finally {
    await store.close();
    await server.close();
  }
}

export function rowsOfScale({ indexed, own }: Scale): readonly (Look & { readonly what: string })[] {
  return [
    { what: 'all pods, cold', ...indexed.cold },
    { what: 'its own, cold', ...own.cold },
    { what: 'all pods, after changes', ...indexed.again },
    { what: 'its own, after changes', ...own.again },
  ];
}

async function lookTwice(url: string, way: Way, change: () => Promise<void>): Promise<Looks> {
  const child = fork(join(import.meta.dirname, 'cold-node.ts'), [url, way, nodeOf(0)]);
  const look = async (): Promise<Look> => {
    const [said] = await once(child, 'message');
    return said;
  };
  try {
    const cold = await look();
    await change();
    child.send('again');
    return { cold, again: await look() };
  } finally {
    child.kill();
  }
}

/** The revisions of the pods. */
async function fill(store: Store, pods: number): Promise<number[]> {
  const shared: Put[] = [];
  for (let i = 0; i < pods / podsOfNode; i++) shared.push(putOf('nodes', nodeOf(i * podsOfNode), nodeObject(i)));
  for (let i = 0; i < pods / endpointsOfSlice; i++) {
    const metadata = { namespace: `team-${i % 20}`, name: `web-${i}` };
    const key = `${metadata.namespace}/${metadata.name}`;
    shared.push(putOf('services', key, { ...kindOf('v1', 'Service'), metadata, spec: { ports: [{ port: 80 }] } }));
    shared.push(putOf('discovery.k8s.io/endpointslices', key, sliceObject(metadata, i)));
  }
  for (let i = 0; i < 20; i++) {
    const namespace = `team-${i}`;
    shared.push(putOf('namespaces', namespace, { ...kindOf('v1', 'Namespace'), metadata: { name: namespace } }));
    for (const [type, kind, name] of [
      ['configmaps', 'ConfigMap', 'web-settings'],
      ['configmaps', 'ConfigMap', 'kube-root-ca.crt'],
      ['secrets', 'Secret', 'web-database'],
    ] as const)
      shared.push(putOf(type, `${namespace}/${name}`, { ...kindOf('v1', kind), metadata: { namespace, name } }));
  }
  for (const some of batchesOf(shared)) await written(store, some);
  const revisions: number[] = [];
  for (let from = 0; from < pods; from += batch) {
    const some = Array.from({ length: Math.min(batch, pods - from) }, (_, i) => putPod(from + i, 0));
    revisions.push(...(await written(store, some)));
  }
  return revisions;
}

async function written(store: Store, writes: readonly Put[]): Promise<number[]> {
  const outcomes = await store.commitEach(writes);
  return outcomes.map((each) => {
    if (each instanceof StoreError) throw each;
    return each.revision;
  });
}

function* batchesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += batch) yield all.slice(i, i + batch);
}

function putPod(i: number, generation: number): Put {
  const { name, bytes } = samplePod(i, 'Running');
  const pod = JSON.parse(Buffer.from(bytes).toString().replace('"resourceVersion":""', '"resourceVersion":"0"'));
  pod.spec.nodeName = nodeOf(i);
  pod.metadata.generation = generation;
  return { ...putOf('pods', name, pod), joins: nodeOf(i) };
}

function putOf(type: string, name: string, object: object): Put {
  return { op: 'put', type, name, expect: 0, value: { bytes: Buffer.from(JSON.stringify(object)) } };
}

function nodeOf(pod: number): string {
  return `node-${Math.floor(pod / podsOfNode)}`;
}

function kindOf(apiVersion: string, kind: string) {
  return { apiVersion, kind };
}

function nodeObject(i: number): object {
  const address = `10.${Math.floor(i / 65536)}.${Math.floor(i / 256) % 256}.${i % 256}`;
  const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    reason: 'KubeletIsFine',
    message: 'as the kubelet says',
    lastTransitionTime: '2026-03-01T00:00:00Z',
  }));
  return {
    ...kindOf('v1', 'Node'),
    metadata: { name: `node-${i}`, labels: { 'kubernetes.io/hostname': `node-${i}`, 'kubernetes.io/arch': 'arm64' } },
    spec: { podCIDR: `10.244.${i % 256}.0/24`, podCIDRs: [`10.244.${i % 256}.0/24`] },
    status: { addresses: [{ type: 'InternalIP', address }], conditions, capacity: { cpu: '4', memory: '8Gi' } },
  };
}

function sliceObject(metadata: { readonly namespace: string; readonly name: string }, i: number): object {
  const endpoints = Array.from({ length: endpointsOfSlice }, (_, k) => ({
    addresses: [`10.244.${i % 250}.${k}`],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: nodeOf(i * endpointsOfSlice + k),
    targetRef: { kind: 'Pod', namespace: metadata.namespace, name: `web-${i}-${k}` },
  }));
  const labelled = { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } };
  const ports = [{ name: '', port: 8443, protocol: 'TCP' }];
  return {
    ...kindOf('discovery.k8s.io/v1', 'EndpointSlice'),
    metadata: labelled,
    addressType: 'IPv4',
    endpoints,
    ports,
  };
}
