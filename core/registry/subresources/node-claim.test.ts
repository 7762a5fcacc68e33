import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestRegistry, type TestRegistry } from '../testing.ts';
import { claimNode, isClaimLost } from './node-claim.ts';

let test: TestRegistry;

beforeEach(async () => {
  test = await openTestRegistry();
  await test.namespace('default');
  await test.create('serviceaccounts', 'default', { metadata: { name: 'default' } });
  for (const name of ['p', 'q'])
    await test.create('pods', 'default', { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });
});

afterEach(() => test.close());

const now = () => Math.floor(Date.now() / 1000);

function bind(pod: string, node: string, nodeClaim?: Awaited<ReturnType<typeof claimNode>>) {
  return test.registry.create(
    test.context,
    test.target('pods', 'default', pod, 'binding'),
    { metadata: { name: pod }, target: { kind: 'Node', name: node } },
    nodeClaim ? { nodeClaim } : {},
  );
}

describe('claimNode', () => {
  it('lets its holder bind any number of pods', async () => {
    const claim = await claimNode(test.store, 'n', 'one', now());
    await Promise.all([bind('p', 'n', claim), bind('q', 'n', claim)]);
    expect(await test.get('pods', 'default', 'p')).toMatchObject({ spec: { nodeName: 'n' } });
    expect(await test.get('pods', 'default', 'q')).toMatchObject({ spec: { nodeName: 'n' } });
  });

  it('ends the claim of whoever had it: their binds fail, and change nothing', async () => {
    const first = await claimNode(test.store, 'n', 'one', now());
    const second = await claimNode(test.store, 'n', 'two', now());
    const error: unknown = await bind('p', 'n', first).catch((failure: unknown) => failure);
    expect(isClaimLost(error)).toBe(true);
    expect(error).toMatchObject({ reason: 'Conflict', code: 409 });
    const { spec } = await test.get('pods', 'default', 'p');
    expect(spec).not.toHaveProperty('nodeName');
    await bind('p', 'n', second);
  });

  it('leaves claims of other nodes alone', async () => {
    const first = await claimNode(test.store, 'n', 'one', now());
    await claimNode(test.store, 'm', 'two', now());
    await bind('p', 'n', first);
  });

  it('is not needed by others than schedulers', async () => {
    await claimNode(test.store, 'n', 'one', now());
    await bind('p', 'n');
    expect(await test.get('pods', 'default', 'p')).toMatchObject({ spec: { nodeName: 'n' } });
  });
});
