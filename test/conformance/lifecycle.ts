// What the suite asks of an API in "should support ... API operations": discovery, and every verb with what it does.

import { expect } from 'vitest';
import { type ConformanceApi, onAws } from './open-api.ts';

export interface ApiOperations {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly body: { readonly [field: string]: unknown };
  /** Of the three objects that are made; by default one, two and three. */
  readonly names?: readonly [string, string, string];
  /** Whether it is held by finalizers, which a controller takes away, and here the test. */
  readonly finalizers?: boolean;
  /** Whether it has the subresource `status`. */
  readonly status?: boolean;
  /** Waits until controllers have seen what was made. */
  readonly settle?: () => Promise<void>;
}

const merge = 'application/merge-patch+json';

export async function supportsOperations(t: ConformanceApi, of: ApiOperations): Promise<void> {
  const { group, version, resource, namespace, body, names: [one, ...others] = ['one', 'two', 'three'] } = of;
  const groupVersion = group ? `/apis/${group}/${version}` : `/api/${version}`;
  if (group) {
    const groups = (await t.get('/apis')).body.groups;
    expect(groups.map((each: { name: string }) => each.name)).toContain(group);
    expect((await t.get(`/apis/${group}`)).body.versions).toContainEqual({
      groupVersion: `${group}/${version}`,
      version,
    });
  }
  const names = (await t.get(groupVersion)).body.resources.map((each: { name: string }) => each.name);
  expect(names).toContain(resource);
  if (of.status) expect(names).toContain(`${resource}/status`);

  const base = `${groupVersion}${namespace ? `/namespaces/${namespace}` : ''}/${resource}`;
  const labels = { special: 'label' };
  const named = (name: string) => ({ ...body, metadata: { name, labels } });
  const made = await t.post(base, named(one));
  expect(made.status, made.text).toBe(201);
  for (const name of others) expect((await t.post(base, named(name))).status).toBe(201);
  await of.settle?.();
  expect((await t.get(`${base}/${one}`)).body.metadata.uid).toBe(made.body.metadata.uid);
  const list = (await t.get(`${base}?labelSelector=special%3Dlabel`)).body;
  expect(list.items).toHaveLength(3);
  const watch = await t.watch(
    `${base}?watch=true&labelSelector=special%3Dlabel&resourceVersion=${list.metadata.resourceVersion}`,
  );
  /** Where controllers are at work, what they change comes in between. */
  const modifiedTo = async (annotations: object) => {
    for (;;) {
      const event = await watch.next();
      if (onAws && event?.type === 'MODIFIED' && !isWith(event.object, annotations)) continue;
      expect(event).toMatchObject({ type: 'MODIFIED', object: { metadata: { annotations } } });
      return;
    }
  };
  const patched = await t.patch(`${base}/${one}`, merge, { metadata: { annotations: { patched: 'true' } } });
  expect(patched).toMatchObject({ status: 200, body: { metadata: { annotations: { patched: 'true' } } } });
  const { metadata } = patched.body;
  const annotations = { ...metadata.annotations, updated: 'true' };
  const updated = await t.put(`${base}/${one}`, { ...patched.body, metadata: { ...metadata, annotations } });
  expect(updated).toMatchObject({ status: 200, body: { metadata: { annotations } } });
  await modifiedTo({ patched: 'true' });
  await modifiedTo(annotations);
  if (of.status) {
    expect(await t.get(`${base}/${one}/status`)).toMatchObject({ status: 200 });
    const condition = {
      type: 'Test',
      status: 'True',
      reason: 'E2E',
      message: 'set by a test',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    expect(
      await t.patch(`${base}/${one}/status`, merge, {
        metadata: { annotations: { s: '1' } },
        status: { conditions: [condition] },
      }),
    ).toMatchObject({ status: 200 });
  }
  if (of.finalizers)
    for (const name of [one, ...others]) await t.patch(`${base}/${name}`, merge, { metadata: { finalizers: null } });
  expect((await t.remove(`${base}/${one}`)).status).toBe(200);
  // Controllers that hold it by a finalizer let it go when they have seen that.
  if (onAws) await expect.poll(async () => (await t.get(`${base}/${one}`)).status).toBe(404);
  expect((await t.get(`${base}/${one}`)).status).toBe(404);
  let event = await watch.next();
  while (event?.type === 'MODIFIED') event = await watch.next();
  expect(event?.type).toBe('DELETED');
  await watch.stop();
  expect((await t.remove(`${base}?labelSelector=special%3Dlabel`)).status).toBe(200);
  const left = async () => (await t.get(`${base}?labelSelector=special%3Dlabel`)).body.items;
  if (onAws) await expect.poll(async () => (await left()).length).toBe(0);
  expect(await left()).toEqual([]);
}

function isWith(object: { metadata: { annotations?: object } }, annotations: object): boolean {
  const there = new Map(Object.entries(object.metadata.annotations ?? {}));
  return Object.entries(annotations).every(([name, value]) => there.get(name) === value);
}
