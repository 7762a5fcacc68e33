// Who owns replicas that are changed through a Scale. Source: Kubernetes' integration test TestScaleAllResources, and ScaleHandler.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../machinery/object.ts';
import type { PatchType } from '../registry.ts';
import { openTestRegistry, type TestRegistry } from '../testing.ts';

let t: TestRegistry;

beforeAll(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterAll(async () => {
  await t.close();
});

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const kinds = [
  ['apps/v1', 'Deployment', 'apps/deployments', { matchLabels: { a: 'b' } }],
  ['apps/v1', 'ReplicaSet', 'apps/replicasets', { matchLabels: { a: 'b' } }],
  ['apps/v1', 'StatefulSet', 'apps/statefulsets', { matchLabels: { a: 'b' } }],
  ['v1', 'ReplicationController', 'replicationcontrollers', { a: 'b' }],
] as const;

describe.each(kinds)('%s %s', (apiVersion, kind, type, selector) => {
  const target = () => t.target(type, 'default', 'test');
  const scale = () => ({ ...target(), subresource: 'scale' });
  const whole = (replicas?: number) => ({
    apiVersion,
    kind,
    metadata: { name: 'test' },
    spec: { ...(replicas !== undefined && { replicas }), selector, template },
  });
  const scaled = (replicas: number): KubeObject => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'test', namespace: 'default' },
    ...{ spec: { replicas } },
  });
  const applied = (fieldManager: string, body: unknown, force = false, at = target()) =>
    t.registry.patch(t.context, at, 'apply', body, { fieldManager, force });
  const patched = (fieldManager: string, body: unknown, patch: PatchType = 'merge') =>
    t.registry.patch(t.context, scale(), patch, body, { fieldManager });
  const owners = async () =>
    ((await t.get(type, 'default', 'test')).metadata.managedFields ?? [])
      .filter(({ fieldsV1 }) => Object(Object(fieldsV1)['f:spec'])['f:replicas'] !== undefined)
      .map((each) => `${each.operation} ${each.manager} ${each.apiVersion} ${each.subresource ?? ''}`.trimEnd());

  it('has the owners of its replicas that Kubernetes tells', async () => {
    await applied('apply_test', whole(1));
    expect(await owners()).toEqual([`Apply apply_test ${apiVersion}`]);

    await patched('nobody', { status: { replicas: 42 } });
    expect(await owners()).toEqual([`Apply apply_test ${apiVersion}`]);

    await patched('scale_test', { spec: { replicas: 5 } });
    expect(await owners()).toEqual([`Update scale_test ${apiVersion} scale`]);
    const [entry] = (await t.get(type, 'default', 'test')).metadata.managedFields?.slice(-1) ?? [];
    expect(entry).toEqual({
      manager: 'scale_test',
      operation: 'Update',
      apiVersion,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      subresource: 'scale',
    });
    await expect(applied('apply_test', whole(1))).rejects.toMatchObject({
      message: `Apply failed with 1 conflict: conflict with "scale_test" with subresource "scale" using ${apiVersion}: .spec.replicas`,
    });
    await applied('apply_test', whole(1), true);
    expect(await owners()).toEqual([`Apply apply_test ${apiVersion}`]);

    await expect(applied('apply_scale', scaled(17), false, scale())).rejects.toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "apply_test": .spec.replicas',
    });
    await applied('apply_scale', scaled(17), true, scale());
    expect(await owners()).toEqual([`Apply apply_scale ${apiVersion} scale`]);

    await t.registry.update(t.context, scale(), scaled(7), { fieldManager: 'replace_test' });
    expect(await owners()).toEqual([`Update replace_test ${apiVersion} scale`]);

    const shared = await applied('co_owning_test', scaled(7), false, scale());
    expect(shared.object).toMatchObject({ kind: 'Scale', spec: { replicas: 7 } });
    expect(shared.object.metadata.managedFields).toBeUndefined();
    expect(await owners()).toEqual([
      `Apply co_owning_test ${apiVersion} scale`,
      `Update replace_test ${apiVersion} scale`,
    ]);

    await patched('scale_test', [{ op: 'replace', path: '/spec/replicas', value: 5 }], 'json');
    expect(await owners()).toEqual([`Update scale_test ${apiVersion} scale`]);
  });

  it('takes of an applied Scale what a Scale is', async () => {
    for (const [body, message] of [
      [{ ...scaled(1), apiVersion: 'apps/v1' }, /^invalid object type: apps\/v1, Kind=Scale$/],
      [{ ...scaled(1), spec: { replicas: 1, x: 1 } }, /\.spec\.x: field not declared in schema$/],
      [{ ...scaled(1), metadata: { name: 'other' } }, /does not match the name on the URL/],
      [
        { ...scaled(1), spec: { replicas: '1' } },
        /^failed to create typed patch object .*: \.spec\.replicas: expected numeric \(int or float\), got string$/,
      ],
    ] as const)
      await expect(applied('m', body, true, scale())).rejects.toMatchObject({
        code: 400,
        message: expect.stringMatching(message),
      });
    await expect(t.registry.patch(t.context, scale(), 'apply', scaled(1), {})).rejects.toMatchObject({
      message: expect.stringContaining('fieldManager: Required value'),
    });
  });
});
