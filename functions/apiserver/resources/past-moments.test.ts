// A time that the history of an object prints, given back, shows the object as that change left it: alone and in the list of its namespace,
// however soon after its namespace it was made, and whatever clocks did.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

interface Change {
  readonly revision: string;
  readonly time: string;
  readonly operation: 'create' | 'update' | 'delete';
  readonly object: { readonly metadata: { readonly name: string }; readonly data: { readonly key: string } };
}

const names = ['a', 'b', 'c'];
const maps = '/api/v1/namespaces/tenant/configmaps';

type Step =
  | { readonly kind: 'write'; readonly name: string }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'renew' }
  | { readonly kind: 'wait'; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), name: fc.constantFrom(...names) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), name: fc.constantFrom(...names) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'renew' as const }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.constantFrom(1, 7, 400, 1500, 2500, -3, -40_000),
      }),
    },
  ),
  { minLength: 3, maxLength: 25 },
);

it('times of the history show what they are the times of', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      let now = new Date('2026-03-01T00:00:00.250Z');
      const clock = () => now;
      const t = await openTestApi({ now: clock }, { clock });
      try {
        await t.namespace('tenant');
        now = new Date(now.getTime() + 1);
        let mine = 0;
        for (const [at, step] of all.entries()) {
          if (step.kind === 'wait') now = new Date(now.getTime() + step.ms);
          else if (step.kind === 'renew') {
            await renew(t);
            // To be answered takes a while.
            now = new Date(now.getTime() + 1);
            mine = at;
          } else if (step.kind === 'remove') await t.remove(`${maps}/${step.name}`);
          else await write(t, step.name, String(at));
        }
        for (const name of names) compared += await compare(t, name, mine);
      } finally {
        await t.close();
      }
    }),
    { numRuns: 40 },
  );
  expect(compared).toBeGreaterThan(40);
});

async function write(t: TestApi, name: string, key: string): Promise<void> {
  const body = { metadata: { name, namespace: 'tenant' }, data: { key } };
  const { status } = await t.put(`${maps}/${name}`, body);
  if (status === 404) expect((await t.post(maps, body)).status).toBe(201);
}

/** The namespace and all that is in it go, and it is made anew at once. */
async function renew(t: TestApi): Promise<void> {
  for (const name of names) await t.remove(`${maps}/${name}`);
  await t.remove('/api/v1/namespaces/tenant');
  await t.put('/api/v1/namespaces/tenant/finalize', { metadata: { name: 'tenant' }, spec: { finalizers: [] } });
  await t.namespace('tenant');
}

/** How many moments were looked at. `mine`: what was written before is of the namespace that is gone. */
async function compare(t: TestApi, name: string, mine: number): Promise<number> {
  const { status, body } = await t.get(`${maps}/${name}?history=changes`);
  if (status === 404) return 0;
  const changes: readonly Change[] = body.items;
  // Of changes within one millisecond its time names the last.
  const named = changes.filter(({ time }, at) => changes[at - 1]?.time !== time);
  for (const { time, operation, object, revision } of named) {
    const one = await t.get(`${maps}/${name}?history=state&at=${time}`);
    const list = await t.get(`${maps}?history=state&at=${time}`);
    expect(list.status).toBe(200);
    const items: readonly Change['object'][] = list.body.items;
    for (const { data } of items) expect(Number(data.key)).toBeGreaterThanOrEqual(mine);
    const listed = items.find(({ metadata }) => metadata.name === name);
    if (operation === 'delete') expect([one.status, listed]).toEqual([404, undefined]);
    else {
      expect([one.body.data, one.body.metadata.resourceVersion]).toEqual([object.data, revision]);
      expect(listed?.data).toEqual(object.data);
    }
  }
  return named.length;
}
