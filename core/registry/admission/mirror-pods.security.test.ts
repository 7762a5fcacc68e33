// A pod that is the picture of a node's own opens nothing, so whether it is one is no user's to change.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../../test/tools/tried.ts';
import { openTestRegistry, type TestRegistry } from '../testing.ts';

let t: TestRegistry;
beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});
afterEach(() => t.close());

const podOf = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});

describe('a mirror pod', () => {
  const mirror = (spec: object) => {
    const pod = podOf('m', { nodeName: 'n', ...spec }) as { metadata: object };
    return { ...pod, metadata: { ...pod.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } } };
  };
  const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });

  it('has no account, and reads no Secrets and no tokens, whoever makes it', async () => {
    for (const [spec, why] of [
      [{ serviceAccountName: 'default' }, 'reference service accounts'],
      [volume({ secret: { secretName: 's' } }), 'reference secrets'],
      [{ imagePullSecrets: [{ name: 's' }] }, 'reference secrets'],
    ] as const)
      await expect(t.create('pods', 'default', mirror(spec))).rejects.toMatchObject({
        reason: 'Forbidden',
        message: expect.stringContaining(`a mirror pod may not ${why}`),
      });
    const token = volume({ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } });
    await expect(t.create('pods', 'default', mirror(token))).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining(
        'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
      ),
    });
    tried('pictures of static pods that are none', 4);
    expect(await t.create('pods', 'default', mirror({}))).toMatchObject({ metadata: { name: 'm' } });
  });

  it('stays one, and no other becomes one', async () => {
    await t.create('pods', 'default', mirror({}));
    await t.create('pods', 'default', podOf('p'));
    const change = (name: string, value: string | null, subresource?: string) =>
      t.registry.patch(t.context, t.target('pods', 'default', name, subresource), 'merge', {
        metadata: { annotations: { 'kubernetes.io/config.mirror': value } },
      });
    for (const subresource of [undefined, 'status']) {
      await expect(change('m', null, subresource)).rejects.toMatchObject({ reason: 'Invalid' });
      await expect(change('m', 'y', subresource)).rejects.toMatchObject({ reason: 'Invalid' });
      await expect(change('p', 'y', subresource)).rejects.toMatchObject({ reason: 'Invalid' });
      tried('pictures of static pods that are none', 3);
    }
  });
});
