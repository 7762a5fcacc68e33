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

  it('is asked for no more at once than can be read at one go, and its answer is bound to that', async () => {
    const calls: { objects: number; most: number | undefined }[] = [];
    const call = async (_: unknown, body: unknown, __: number, most?: number) => {
      // as: what is sent.
      const { request } = body as { request: { uid: string; objects: KubeObject[] } };
      calls.push({ objects: request.objects.length, most });
      const convertedObjects = request.objects.map((each) => ({ ...each, apiVersion: 'example.com/v2' }));
      return { response: { uid: request.uid, result: { status: 'Success' }, convertedObjects } };
    };
    const convert = webhookConverter(crd, call, () => 'id');
    const large = Array.from({ length: 40 }, (_, i) => ({
      ...object,
      metadata: { ...object.metadata, name: `o${i}` },
      ...(i % 2 === 0 ? { data: 'x'.repeat(100_000) } : { data: Array.from({ length: 5000 }, () => 1) }),
    }));
    const converted = await Promise.all(large.map((each) => convert(each, 'example.com/v2')));
    expect(converted.map(({ metadata }) => metadata.name)).toEqual(large.map(({ metadata }) => metadata.name));
    expect(calls.length).toBeGreaterThan(7);
    expect(Math.max(...calls.map(({ objects }) => objects))).toBeLessThan(8);
    expect(calls.every(({ most }) => most !== undefined && most < 62_000)).toBe(true);
    tried('objects that are converted at once', large.length);
  });

  it('is refused with an answer that is nested without end', async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    await expect(converted({ ...good, deep })).rejects.toMatchObject({ message: expect.stringContaining('too deep') });
    tried('hostile answers of conversion webhooks');
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
