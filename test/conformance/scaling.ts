// What the suite asks of every kind with replicas: its scale, and its status as a subresource of its own.

import { expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import type { Cluster } from './cluster/cluster.ts';

/** `path`: of an object with one replica that is up. */
export async function hasWorkingScale({ client, t }: Cluster, path: string): Promise<void> {
  const scale = await client.read(`${path}/scale`);
  expect(scale).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 1 } });
  // Without a resourceVersion: whatever it was.
  const { resourceVersion: _, ...metadata } = scale.metadata;
  const updated = await client.update(`${path}/scale`, { ...scale, metadata, spec: { replicas: 2 } });
  expect(updated.spec.replicas).toBe(2);
  expect((await client.read(path)).spec.replicas).toBe(2);
  const patched = await t.patch(`${path}/scale`, 'application/merge-patch+json', { spec: { replicas: 4 } });
  expect(patched).toMatchObject({ status: 200, body: { spec: { replicas: 4 } } });
  expect((await client.read(path)).spec.replicas).toBe(4);
  await client.when(path, 'four replicas', ({ status }) => status?.replicas === 4);
}

/** `path`: of an object whose status has conditions. Each change must be seen by a watch, too. */
export async function hasStatusEndpoints({ client, idle }: Cluster, path: string): Promise<void> {
  expect((await client.read(`${path}/status`)).status).toBeDefined();
  const update = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  const seen = (type: string) => client.when(path, `the condition ${type}`, hasCondition(type));
  const updated = seen('StatusUpdate');
  const answer = await client.change(`${path}/status`, (object) => {
    object.status.conditions = [...(object.status.conditions ?? []), update];
  });
  expect(answer.status.conditions).toContainEqual(expect.objectContaining(update));
  await updated;
  const patched = seen('StatusPatched');
  const condition = { type: 'StatusPatched', status: 'True' };
  expect((await client.patch(`${path}/status`, { status: { conditions: [condition] } })).status.conditions).toEqual([
    expect.objectContaining(condition),
  ]);
  await patched;
  // Its controller has seen it too, and left it alone.
  await idle();
  expect((await client.read(`${path}/status`)).status.conditions).toContainEqual(expect.objectContaining(condition));
}

const hasCondition = (type: string) => (object: Body) =>
  (object.status?.conditions ?? []).some((each: Body) => each.type === type && each.status === 'True');
