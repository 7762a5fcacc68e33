import { afterAll, expect, it } from 'vitest';
import { openTestApi } from '../testing/open-test-api.ts';

const t = await openTestApi();
afterAll(() => t.close());

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const stored = '2026-01-01T00:00:00.000000Z';
const spec = { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime: stored };
const beat = Date.parse('2026-01-01T00:01:40.250Z');

for (const name of ['kube-node-lease', 'default']) await t.post('/api/v1/namespaces', { metadata: { name } });
const made = await t.post(leases, { metadata: { name: 'n1' }, spec });
await t.post(leases.replace('kube-node-lease', 'default'), { metadata: { name: 'n1' }, spec });

it('shows a node as heard at its newest beat, by name and in lists, and writes nothing for it', async () => {
  expect((await t.get(`${leases}/n1`)).body.spec.renewTime).toBe(stored);
  await t.store.heartbeats.beat('n1', beat);
  const renewTime = '2026-01-01T00:01:40.250000Z';
  const read = (await t.get(`${leases}/n1`)).body;
  expect(read.spec).toEqual({ ...spec, renewTime });
  expect(read.metadata.resourceVersion).toBe(made.body.metadata.resourceVersion);
  expect((await t.get(leases)).body.items[0].spec.renewTime).toBe(renewTime);
  const all = (await t.get('/apis/coordination.k8s.io/v1/leases')).body.items;
  // A Lease of that name elsewhere is a lock of somebody's.
  expect(all.map(({ spec: { renewTime: at } }: typeof read) => at)).toEqual([stored, renewTime]);
});

it('leaves a kubelet that renews its Lease by itself the last word', async () => {
  const renewTime = '2026-01-01T00:02:00.000000Z';
  await t.patch(`${leases}/n1`, 'application/merge-patch+json', { spec: { renewTime } });
  expect((await t.get(`${leases}/n1`)).body.spec.renewTime).toBe(renewTime);
});
