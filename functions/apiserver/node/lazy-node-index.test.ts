import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestRegistry } from '../../../core/registry/testing.ts';
import { createReplicas } from '../../../core/replica/replicas.ts';
import { notifyOwnCommits } from '../../../core/store/own-commits.ts';
import type { Store } from '../../../core/store/store.ts';
import { lazyNodeIndex } from './lazy-node-index.ts';

let base: Awaited<ReturnType<typeof openTestRegistry>>;
beforeEach(async () => {
  base = await openTestRegistry();
});
afterEach(() => base.close());

it('reads nothing until somebody asks, then each type once, and tries again what failed', async () => {
  const read: string[] = [];
  let broken = true;
  const store: Store = {
    ...notifyOwnCommits(base.store, () => {}),
    async bounds(type) {
      if (broken) throw new Error('not now');
      read.push(type);
      return base.store.bounds(type);
    },
  };
  const replicas = createReplicas(store);
  const nodes = lazyNodeIndex(replicas);
  expect(read).toEqual([]);
  await expect(nodes.open()).rejects.toThrow('not now');
  broken = false;
  const [index, same] = await Promise.all([nodes.open(), nodes.open()]);
  expect(same).toBe(index);
  expect([...index.podsOf('n1')]).toEqual([]);
  expect(read).toContain('pods');
  expect(new Set(read).size).toBe(read.length);
  nodes.close();
  replicas.close();
});
