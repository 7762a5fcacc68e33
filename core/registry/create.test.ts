import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../machinery/object.ts';
import { openTestRegistry, type TestRegistry } from './testing.ts';

let t: TestRegistry;

beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

function configMap(name: string, data: Record<string, string> = { key: 'value' }): KubeObject {
  return { metadata: { name }, data };
}

describe('create', () => {
  it('sets what the server sets, and answers with the stored bytes', async () => {
    const made = await t.registry.create(t.context, t.target('configmaps', 'default'), configMap('a'), {
      fieldManager: 'test',
    });
    expect(made.object).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'default', resourceVersion: '1', creationTimestamp: '2026-01-02T03:04:05Z' },
    });
    expect(JSON.parse(Buffer.from(made.bytes).toString())).toEqual(made.object);
    expect(made.object.metadata.managedFields?.[0]).toMatchObject({ manager: 'test', operation: 'Update' });
  });

  it('refuses a name that exists', async () => {
    await t.create('configmaps', 'default', configMap('a'));
    await expect(t.create('configmaps', 'default', configMap('a'))).rejects.toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
    });
  });

  it('makes a name from generateName', async () => {
    const made = await t.create('configmaps', 'default', { metadata: { generateName: 'a-' } });
    expect(made.metadata.name).toMatch(/^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('refuses a namespace that does not exist', async () => {
    await expect(t.create('configmaps', 'nowhere', configMap('a'))).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('names the field of an invalid name', async () => {
    await expect(t.create('configmaps', 'default', configMap('A_b'))).rejects.toMatchObject({
      reason: 'Invalid',
      details: { causes: [{ field: 'metadata.name', reason: 'FieldValueInvalid' }] },
    });
  });

  it('warns of unknown fields, or refuses them when it must be strict', async () => {
    const object = { ...configMap('a'), extra: 1 };
    await t.registry.create(t.context, t.target('configmaps', 'default'), object);
    expect(t.context.warnings).toEqual(['unknown field "extra"']);
    await expect(
      t.registry.create(
        t.context,
        t.target('configmaps', 'default'),
        { ...object, metadata: { name: 'b' } },
        { fieldValidation: 'Strict' },
      ),
    ).rejects.toMatchObject({
      reason: 'BadRequest',
      message: expect.stringContaining('strict decoding error: unknown field "extra"'),
    });
  });

  it('tells of a value outside its enum together with what else is wrong', async () => {
    const containers = [{ name: 'a' }, { name: 'a', image: 'b', imagePullPolicy: 'Rarely' }];
    const pod = { metadata: { name: 'p' }, spec: { containers } };
    await expect(t.registry.create(t.context, t.target('pods', 'default'), pod)).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringMatching(
        /containers\[0\]\.image: Required.*containers\[1\]\.name: Duplicate.*PullPolicy: Unsupported/s,
      ),
    });
  });

  it('stores nothing in a dry run', async () => {
    await t.registry.create(t.context, t.target('configmaps', 'default'), configMap('a'), { dryRun: true });
    await expect(t.get('configmaps', 'default', 'a')).rejects.toMatchObject({ reason: 'NotFound' });
  });
});

describe('update', () => {
  it('writes on the version that was read only', async () => {
    const made = await t.create('configmaps', 'default', configMap('a'));
    const target = t.target('configmaps', 'default', 'a');
    await t.registry.update(t.context, target, { ...made, data: { key: 'new' } });
    await expect(t.registry.update(t.context, target, { ...made, data: { key: 'newer' } })).rejects.toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('writes nothing when nothing changes', async () => {
    const made = await t.create('configmaps', 'default', configMap('a'));
    const same = await t.registry.update(t.context, t.target('configmaps', 'default', 'a'), configMap('a'), {
      fieldManager: 'other',
    });
    expect(same.object.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    expect(await t.store.head('configmaps')).toBe(1);
  });

  it('creates a Lease that is not there, and no ConfigMap', async () => {
    const made = await t.registry.update(t.context, t.target('coordination.k8s.io/leases', 'default', 'l'), {
      metadata: { name: 'l' },
    });
    expect(made.created).toBe(true);
    await expect(
      t.registry.update(t.context, t.target('configmaps', 'default', 'a'), configMap('a')),
    ).rejects.toMatchObject({
      reason: 'NotFound',
    });
  });
});

describe('patch', () => {
  it('applies a merge patch again when another writer was faster', async () => {
    await t.create('configmaps', 'default', configMap('a'));
    const target = t.target('configmaps', 'default', 'a');
    const keys = ['p', 'q', 'r', 's'];
    await Promise.all(keys.map((key) => t.registry.patch(t.context, target, 'merge', { data: { [key]: '1' } })));
    expect((await t.get('configmaps', 'default', 'a'))['data']).toEqual({
      key: 'value',
      p: '1',
      q: '1',
      r: '1',
      s: '1',
    });
  });

  it('creates by apply, and names the fields that another manager holds', async () => {
    const target = t.target('configmaps', 'default', 'a');
    const applied = (value: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { key: value },
    });
    const made = await t.registry.patch(t.context, target, 'apply', applied('1'), { fieldManager: 'one' });
    expect(made.created).toBe(true);
    await expect(
      t.registry.patch(t.context, target, 'apply', applied('2'), { fieldManager: 'two' }),
    ).rejects.toMatchObject({
      reason: 'Conflict',
      details: { causes: [{ field: '.data.key' }] },
    });
    const forced = await t.registry.patch(t.context, target, 'apply', applied('2'), {
      fieldManager: 'two',
      force: true,
    });
    expect(forced.object['data']).toEqual({ key: '2' });
  });
});

describe('delete', () => {
  it('waits for finalizers, and ends with the update that removes the last one', async () => {
    await t.create('configmaps', 'default', { metadata: { name: 'a', finalizers: ['example.com/hold'] } });
    const target = t.target('configmaps', 'default', 'a');
    const marked = await t.registry.delete(t.context, target);
    expect(marked.deleted).toBe(false);
    expect(marked.object.metadata.deletionTimestamp).toBe('2026-01-02T03:04:05Z');
    await t.registry.patch(t.context, target, 'merge', { metadata: { finalizers: null } });
    await expect(t.get('configmaps', 'default', 'a')).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('turns foreground propagation into a finalizer', async () => {
    await t.create('configmaps', 'default', configMap('a'));
    const outcome = await t.registry.delete(t.context, t.target('configmaps', 'default', 'a'), {
      propagationPolicy: 'Foreground',
    });
    expect(outcome).toMatchObject({ deleted: false, object: { metadata: { finalizers: ['foregroundDeletion'] } } });
  });

  it('refuses another object of the same name', async () => {
    await t.create('configmaps', 'default', configMap('a'));
    await expect(
      t.registry.delete(t.context, t.target('configmaps', 'default', 'a'), { preconditions: { uid: 'other' } }),
    ).rejects.toMatchObject({ reason: 'Conflict' });
  });

  it('deletes a collection by selector', async () => {
    for (const name of ['a', 'b', 'c'])
      await t.create('configmaps', 'default', { metadata: { name, labels: { app: name === 'c' ? 'y' : 'x' } } });
    const gone = await t.registry.deleteCollection(t.context, t.target('configmaps', 'default'), {
      labelSelector: 'app=x',
    });
    expect(gone).toHaveLength(2);
    expect(
      (await t.registry.list(t.context, t.target('configmaps', 'default'), {})).entries.map(({ name }) => name),
    ).toEqual(['default/c']);
  });
});

describe('list and watch', () => {
  it('gives pages of one revision', async () => {
    for (const name of ['a', 'b', 'c']) await t.create('configmaps', 'default', configMap(name));
    const target = t.target('configmaps', 'default');
    const first = await t.registry.list(t.context, target, { limit: 2 });
    expect(first).toMatchObject({ resourceVersion: '3', remainingItemCount: 1 });
    await t.create('configmaps', 'default', configMap('d'));
    const second = await t.registry.list(t.context, target, { limit: 2, continue: first.continue ?? '' });
    expect(second.entries.map(({ name }) => name)).toEqual(['default/c']);
    expect(second.resourceVersion).toBe('3');
    expect(second.continue).toBeUndefined();
  });

  it('refuses a resource version from the future, and one that is gone', async () => {
    await t.create('configmaps', 'default', configMap('a'));
    const target = t.target('configmaps', 'default');
    await expect(t.registry.list(t.context, target, { resourceVersion: '99' })).rejects.toMatchObject({
      reason: 'Timeout',
      message: 'Timeout: Too large resource version: 99, current: 1',
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
    const one = t.target('configmaps', 'default', 'a');
    for (const resourceVersion of ['', '0', '1'])
      expect((await t.registry.get(t.context, one, { resourceVersion })).object.metadata.name).toBe('a');
    await expect(t.registry.get(t.context, one, { resourceVersion: '2' })).rejects.toMatchObject({
      code: 504,
      message: 'Timeout: Too large resource version: 2, current: 1',
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
    for (const resourceVersion of ['x', '-1', '1.0', '99999999999999999999']) {
      const refused = {
        reason: 'BadRequest',
        message: expect.stringMatching(/^invalid resource version: resourceVersion: Invalid value: /),
      };
      await expect(t.registry.get(t.context, one, { resourceVersion })).rejects.toMatchObject(refused);
      await expect(t.registry.list(t.context, target, { resourceVersion })).rejects.toMatchObject(refused);
    }
    await expect(t.registry.list(t.context, target, { resourceVersionMatch: 'Exact' })).rejects.toMatchObject({
      reason: 'Invalid',
    });
    await expect(t.registry.list(t.context, target, { continue: 'nonsense' })).rejects.toMatchObject({
      reason: 'BadRequest',
    });
  });

  it('starts a watch with state and bookmark where that is asked for', async () => {
    await t.create('configmaps', 'default', configMap('a'));
    const opened = await t.registry.watch(t.context, t.target('configmaps', 'default'), {
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
    });
    expect(opened).toMatchObject({ initialBookmark: true, resourceVersion: '1' });
    expect(opened.initial.map(({ name }) => name)).toEqual(['default/a']);
    await t.create('configmaps', 'default', configMap('b'));
    await (await t.replicas.of('configmaps')).catchUp();
    expect(opened.watch.drain().map(({ type, entry }) => [type, entry.name])).toEqual([['ADDED', 'default/b']]);
    opened.watch.close();
  });
});
