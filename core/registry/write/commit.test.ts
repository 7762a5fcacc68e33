import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Store, StoreError } from '../../store/store.ts';
import { createRegistry, systemRandom } from '../create.ts';
import type { Registry } from '../registry.ts';
import { openTestRegistry, type TestRegistry } from '../testing.ts';

let t: TestRegistry;

beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

/** A store whose answer to the next commit is lost, after it happened or before. */
function losing(happened: boolean): Registry {
  let lost = false;
  const commit: Store['commit'] = async (writes) => {
    if (lost) return await t.store.commit(writes);
    lost = true;
    if (happened) await t.store.commit(writes);
    const { type, name } = writes[0]!;
    throw new StoreError({ code: 'ambiguous', data: { type, name } }, 'no answer');
  };
  const { store, replicas, definitions } = t;
  const wrapped = new Proxy(store, {
    get: (target, field) =>
      field === 'commit' ? commit : (Reflect.get(target, field).bind?.(target) ?? Reflect.get(target, field)),
  });
  return createRegistry({ store: wrapped, replicas, definitions, clock: () => t.time.now, random: systemRandom });
}

describe('a commit without an answer', () => {
  const object = { metadata: { name: 'a' }, data: { k: 'v' } };

  it('is found by reading when it happened', async () => {
    const made = await losing(true).create(t.context, t.target('configmaps', 'default'), object);
    expect(made.object.metadata.resourceVersion).toBe('1');
    const updated = await losing(true).update(t.context, t.target('configmaps', 'default', 'a'), {
      ...object,
      data: { k: 'w' },
    });
    expect(updated.object).toMatchObject({ data: { k: 'w' }, metadata: { resourceVersion: '2' } });
    expect((await losing(true).delete(t.context, t.target('configmaps', 'default', 'a'))).deleted).toBe(true);
  });

  it('is said to be unknown when it cannot be found', async () => {
    await expect(losing(false).create(t.context, t.target('configmaps', 'default'), object)).rejects.toMatchObject({
      reason: 'ServerTimeout',
      details: { retryAfterSeconds: 1 },
    });
  });
});
