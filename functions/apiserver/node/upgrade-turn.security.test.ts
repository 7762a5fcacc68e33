// What a hostile node may do with the Lease by which one node upgrades its agent at a time: nothing that stops the others for long.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
beforeEach(async () => {
  t = await openTestApi();
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } };
  expect((await t.post('/api/v1/namespaces', namespace)).status).toBe(201);
});
afterEach(() => t.close());

/** By the clock of the test's API. */
const now = Date.parse('2026-01-02T03:04:05Z');
const as = (node: string) => ({ as: { name: `system:node:${node}`, groups: ['system:nodes'] } });
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const path = `${leases}/zeroplane-agent-upgrade`;
const lease = (spec: object, name = 'zeroplane-agent-upgrade') => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name },
  spec,
});
const micro = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');
const turn = (holderIdentity: string, since = now, leaseDurationSeconds = 900) => ({
  holderIdentity,
  leaseDurationSeconds,
  renewTime: micro(since),
});
const write = async (node: string, spec: object) => {
  const { body } = await t.get(path, as(node));
  const metadata = { name: body.metadata.name, resourceVersion: body.metadata.resourceVersion };
  return (await t.call('PUT', path, { ...as(node), body: { ...lease(spec), metadata } })).status;
};

it('is taken by a node for itself, kept by it alone, and given back', async () => {
  expect(await t.post(leases, lease(turn('one')), as('one'))).toMatchObject({ status: 201 });
  expect(await write('two', turn('two'))).toBe(403);
  expect(await write('two', turn('one'))).toBe(403);
  expect(await write('two', {})).toBe(403);
  expect(await write('one', turn('one'))).toBe(200);
  expect(await write('one', {})).toBe(200);
  expect(await write('two', turn('one'))).toBe(403);
  expect(await write('two', turn('two'))).toBe(200);
});

it('ends by itself, and cannot be made longer', async () => {
  expect((await t.post(leases, lease(turn('one', now, 901)), as('one'))).status).toBe(403);
  expect((await t.post(leases, lease(turn('one', now + 3600_000)), as('one'))).status).toBe(403);
  expect((await t.post(leases, lease(turn('one', now - 901_000)), as('one'))).status).toBe(201);
  expect(await write('two', turn('two'))).toBe(200);
});

it('is all that a node may do there', async () => {
  expect((await t.post(leases, lease(turn('one'), 'kube-scheduler'), as('one'))).status).toBe(403);
  expect((await t.post(leases, lease(turn('one')), as('one'))).status).toBe(201);
  expect((await t.call('DELETE', path, as('one'))).status).toBe(403);
  expect((await t.get(leases, as('one'))).status).toBe(403);
  expect((await t.get(`${leases}/kube-scheduler`, as('one'))).status).toBe(403);
});
