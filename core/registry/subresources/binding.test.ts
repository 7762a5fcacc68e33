// A binding of a pod that its scheduler has seen already.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SeenObject } from '../registry.ts';
import { openTestRegistry, type TestRegistry } from '../testing.ts';

let test: TestRegistry;

beforeEach(async () => {
  test = await openTestRegistry();
  await test.namespace('default');
  await test.create('serviceaccounts', 'default', { metadata: { name: 'default' } });
  await test.create('pods', 'default', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
});

afterEach(() => test.close());

async function seenNow(): Promise<SeenObject> {
  const pods = await test.replicas.of('pods');
  await pods.catchUp();
  const entry = pods.get('default/p');
  if (!entry) throw new Error('there is a pod');
  return entry;
}

const bind = (seen: SeenObject | undefined) =>
  test.registry.create(
    test.context,
    test.target('pods', 'default', 'p', 'binding'),
    { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } },
    { seen },
  );

const label = (labels: Record<string, string>) =>
  test.registry.patch(test.context, test.target('pods', 'default', 'p'), 'merge', { metadata: { labels } });

it('does not read the pod again', async () => {
  const seen = await seenNow();
  const get = vi.spyOn(test.store, 'get');
  await bind(seen);
  expect(get).not.toHaveBeenCalledWith('pods', 'default/p');
  expect(await test.get('pods', 'default', 'p')).toMatchObject({ spec: { nodeName: 'n' } });
});

it('reads it where it was changed meanwhile, and keeps what others made of it', async () => {
  const seen = await seenNow();
  await label({ made: 'meanwhile' });
  await bind(seen);
  expect(await test.get('pods', 'default', 'p')).toMatchObject({
    metadata: { labels: { made: 'meanwhile' } },
    spec: { nodeName: 'n' },
  });
});

it('is refused by what the pod is, not by what it was', async () => {
  const gone = await seenNow();
  await test.registry.delete(test.context, test.target('pods', 'default', 'p'), { gracePeriodSeconds: 0 });
  await expect(bind(gone)).rejects.toMatchObject({ reason: 'NotFound' });

  const spec = { containers: [{ name: 'c', image: 'i' }], schedulingGates: [{ name: 'example.com/later' }] };
  await test.create('pods', 'default', { metadata: { name: 'p' }, spec });
  const gated = await seenNow();
  await expect(bind(gated)).rejects.toThrow('has non-empty .spec.schedulingGates');
  await test.registry.patch(test.context, test.target('pods', 'default', 'p'), 'merge', {
    spec: { schedulingGates: null },
  });
  await bind(gated);
  expect(await test.get('pods', 'default', 'p')).toMatchObject({ spec: { nodeName: 'n' } });
});
