import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { latePeerGroups } from './late-peer-groups.ts';
import { createNodeIndex } from './node-index.ts';
import { createPeerGroups } from './peer-groups.ts';

let t: TestApi;
beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('a');
  await t.post('/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'default' } });
});
afterEach(() => t.close());

async function runPod(name: string): Promise<void> {
  const spec = { nodeName: 'n2', automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] };
  const made = await t.post('/api/v1/namespaces/a/pods', { metadata: { name, labels: { app: 'client' } }, spec });
  expect(made.status).toBe(201);
  const status = { phase: 'Running', podIP: '10.1.0.9', podIPs: [{ ip: '10.1.0.9' }] };
  const pods = [{ namespace: 'a', name, uid: made.body.metadata.uid, status }];
  const agent = { as: { name: 'system:node:n2', groups: ['system:nodes'] } };
  await t.post('/apis/agent.zeroplane.dev/v1/nodes/n2/report', { pods }, agent);
}

it('tells nothing of peers before the first policy, and then what those say that know it from the start', async () => {
  const late = await createNodeIndex(t.replicas, latePeerGroups);
  const told: string[] = [];
  late.peerGroups.onChange((namespaces) => told.push(...namespaces));
  await runPod('early');
  await late.catchUp();
  await late.peerGroups.loaded();
  expect(late.peerGroups.needsOf(['a'])).toEqual({ key: '', groups: new Map() });
  expect(told).toEqual([]);

  const ingress = [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }];
  const policy = { metadata: { name: 'in' }, spec: { podSelector: {}, ingress } };
  expect((await t.post('/apis/networking.k8s.io/v1/namespaces/a/networkpolicies', policy)).status).toBe(201);
  await late.catchUp();
  await late.peerGroups.loaded();
  expect(told).toEqual(['a']);
  const known = await createNodeIndex(t.replicas, createPeerGroups);
  const peersOf = ({ peerGroups }: Pick<typeof known, 'peerGroups'>) => {
    const needs = peerGroups.needsOf(['a']);
    return [...peerGroups.peers('n1', needs)].map((pod) => peerGroups.view('n1', pod, needs)?.toString());
  };
  expect(peersOf(late)).toHaveLength(1);
  expect(peersOf(late)).toEqual(peersOf(known));
  await runPod('after');
  await late.catchUp();
  expect(told).toEqual(['a', 'a']);
  expect(peersOf(late)).toEqual(peersOf(known));
  known.close();
  late.close();
});
