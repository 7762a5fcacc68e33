// What a conversion webhook answers is checked before anybody reads it.

import { describe, expect, it } from 'vitest';
import { tried } from '../../../test/tools/tried.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { webhookConverter } from './conversion.ts';

const object: KubeObject = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: {
    name: 'a',
    namespace: 'n',
    uid: 'u',
    resourceVersion: '7',
    labels: { app: 'x' },
    finalizers: ['e.com/f'],
  },
};
const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [],
    conversion: {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://hook' }, conversionReviewVersions: ['v1'] },
    },
  },
};
const good = { ...object, apiVersion: 'example.com/v2' };

/** What comes of `answer`, which is made of a good one. */
function converted(answer: object, response: object = {}): Promise<KubeObject> {
  const call = async (_: unknown, body: unknown) => {
    const { request } = body as { request: { uid: string } };
    const whole = { uid: request.uid, result: { status: 'Success' }, convertedObjects: [answer], ...response };
    return { response: whole };
  };
  return webhookConverter(crd, call, () => 'id')(object, 'example.com/v2');
}
const withMeta = (metadata: object) => converted({ ...good, metadata: { ...good.metadata, ...metadata } });

describe('a conversion webhook', () => {
  it('changes labels and annotations, and nothing else of metadata', async () => {
    const changed = {
      ...{ labels: { app: 'y' }, annotations: { 'Example.com/Note': 'free text, of any kind' } },
      ...{ finalizers: [], resourceVersion: '1', ownerReferences: [{}], deletionTimestamp: 'x', managedFields: [{}] },
    };
    expect((await withMeta(changed)).metadata).toEqual({
      ...object.metadata,
      labels: { app: 'y' },
      annotations: { 'Example.com/Note': 'free text, of any kind' },
    });
  });

  it('is refused with what no label or annotation can be, and with another object', async () => {
    const hostile: readonly (() => Promise<KubeObject>)[] = [
      ...[
        1,
        'x',
        [],
        { app: 1 },
        { app: null },
        { app: { a: 1 } },
        { 'a b': 'x' },
        { app: 'no spaces' },
        { '': 'x' },
      ].map((labels) => () => withMeta({ labels })),
      ...[[], 7, { a: 1 }, { a: null }, { 'no/two/slashes': 'x' }].map(
        (annotations) => () => withMeta({ annotations }),
      ),
      () => withMeta({ name: 'b' }),
      () => withMeta({ namespace: 'kube-system' }),
      () => withMeta({ uid: 'other' }),
      () => converted({ ...good, metadata: null }),
      () => converted({ ...good, kind: 'Secret' }),
      () => converted({ ...good, apiVersion: 'v1' }),
      () => converted(good, { uid: 'other' }),
      () => converted(good, { convertedObjects: [] }),
      () => converted(good, { convertedObjects: [good, good] }),
      () => converted(good, { convertedObjects: { length: 1 } }),
      () => converted(good, { result: { status: 'Failure', message: { a: 1 } } }),
    ];
    for (const attempt of hostile)
      await expect(attempt()).rejects.toMatchObject({
        reason: 'InternalError',
        message: expect.stringContaining('conversion webhook for example.com/v1, Kind=Widget failed: '),
      });
    tried('hostile answers of conversion webhooks', hostile.length);
  });
});
