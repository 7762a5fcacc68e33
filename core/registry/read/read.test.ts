import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../store/store.ts';
import { openTestRegistry, type TestRegistry } from '../testing.ts';

let t: TestRegistry;

beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
  for (const name of ['a', 'b', 'c', 'd']) await t.create('configmaps', 'default', { metadata: { name } });
});

afterEach(async () => {
  await t.close();
});

/** The registry of a process that starts after the compaction. */
async function afterCompaction(): Promise<TestRegistry['registry']> {
  await t.store.compact('configmaps', 3);
  t.replicas.close();
  return await another(t.store);
}

async function another(store: Store): Promise<TestRegistry['registry']> {
  const { createReplicas } = await import('../../replica/replicas.ts');
  const { createRegistry, systemRandom } = await import('../create.ts');
  const { definitions } = t;
  return createRegistry({
    store,
    replicas: createReplicas(store),
    definitions,
    clock: () => t.time.now,
    random: systemRandom,
  });
}

describe('reads of the past', () => {
  it('answer 410 for a watch from a version that is gone', async () => {
    const registry = await afterCompaction();
    await expect(
      registry.watch(t.context, t.target('configmaps', 'default'), { resourceVersion: '1' }),
    ).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('answer 410 for an old continue token, with one that goes on inconsistently', async () => {
    const { continue: token = '' } = await t.registry.list(t.context, t.target('configmaps', 'default'), { limit: 1 });
    await t.create('configmaps', 'default', { metadata: { name: 'e' } });
    await t.store.compact('configmaps', 5);
    const registry = await afterCompaction();
    const target = t.target('configmaps', 'default');
    const error: unknown = await registry
      .list(t.context, target, { limit: 1, continue: token })
      .catch((each: unknown) => each);
    expect(error).toMatchObject({ code: 410, reason: 'Expired' });
    const rest = await registry.list(t.context, target, { continue: Object(error).metadata.continue });
    expect(rest.entries.map(({ name }) => name)).toEqual(['default/b', 'default/c', 'default/d', 'default/e']);
  });

  it('list exactly the version that is asked for', async () => {
    const listed = await t.registry.list(t.context, t.target('configmaps', 'default'), {
      resourceVersion: '2',
      resourceVersionMatch: 'Exact',
    });
    expect(listed.resourceVersion).toBe('2');
    expect(listed.entries.map(({ name }) => name)).toEqual(['default/a', 'default/b']);
  });
});

describe('reads of the future', () => {
  it('find in the log what a process hears of by no notice', async () => {
    const { store } = t;
    const deaf = new Proxy(store, {
      get: (_, name: keyof Store) => (name === 'onCommit' ? () => () => {} : store[name].bind(store)),
    });
    const registry = await another(deaf);
    const target = t.target('configmaps', 'default');
    const list = registry.list(t.context, target, { resourceVersion: '5' });
    const get = registry.get(t.context, { ...target, name: 'e' }, { resourceVersion: '5' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await t.create('configmaps', 'default', { metadata: { name: 'e' } });
    expect((await list).resourceVersion).toBe('5');
    expect((await get).object.metadata.name).toBe('e');
  });
});

describe('selectors', () => {
  it('find one object by its name, and refuse a field that none has', async () => {
    const target = t.target('configmaps', 'default');
    const found = await t.registry.list(t.context, target, { fieldSelector: 'metadata.name=b' });
    expect(found.entries.map(({ name }) => name)).toEqual(['default/b']);
    await expect(t.registry.list(t.context, target, { fieldSelector: 'spec.x=b' })).rejects.toMatchObject({
      reason: 'BadRequest',
      message: '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
  });

  it('give a watcher only its own, as DELETED when it stops matching', async () => {
    const target = t.target('configmaps', 'default');
    const { watch } = await t.registry.watch(t.context, target, { labelSelector: 'app=x', resourceVersion: '4' });
    const label = (app: string) =>
      t.registry.patch(t.context, { ...target, name: 'a' }, 'merge', { metadata: { labels: { app } } });
    await label('x');
    await label('y');
    await (await t.replicas.of('configmaps')).catchUp();
    expect(watch.drain().map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
    watch.close();
  });
});
