// What controllers declare: it is all that they can read and write, and no more than Kubernetes' role of the same controller allows.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { schedulerOwns, schedulerReads, schedulerWatches } from '../../core/work/scheduler-types.ts';
import { concerns } from '../../core/work/workers.ts';
import { controllers } from './all.ts';
import { type AnyAction, defineController, demandOwned, watch, watchSelf } from './controller.ts';
import { allows, demandAllowed, rulesOf, unbounded } from './testing/roles.ts';

const all = controllers({
  caCertificate: '',
  podCIDR: '10.244.0.0/16',
  authority: () => Promise.reject(new Error('nothing is signed here')),
  signSecretToken: () => Promise.reject(new Error('nothing is signed here')),
  heartbeats: async () => new Map(),
  cloud: { covers: () => true, find: async () => undefined },
});

it('a snapshot shows what is declared, and tsc refuses anything else', () => {
  defineController({
    name: 'curious',
    user: 'nobody',
    watches: [
      watchSelf('pods'),
      // @ts-expect-error: a rule, too, reads declared types only
      watch('pods', (_event, snapshot) => snapshot.list('nodes').map(({ metadata }) => metadata.name)),
    ],
    reads: ['configmaps'],
    owns: [],
    reconcile(snapshot) {
      snapshot.get('pods', 'a', 'b');
      snapshot.list('configmaps');
      // @ts-expect-error: not declared
      snapshot.list('secrets');
      // @ts-expect-error: not declared
      snapshot.get('nodes', '', 'a');
      return [];
    },
  });
  defineController({
    name: 'without-pods',
    user: 'nobody',
    watches: [watchSelf('nodes')],
    owns: [],
    reconcile(snapshot) {
      // @ts-expect-error: these are pods
      snapshot.podsOnNode('a');
      return [];
    },
  });
});

it('a write that is not owned does not compile', () => {
  const remove = <const T extends string>(type: T) =>
    ({ do: 'delete', type, namespace: '', name: 'x', options: {} }) as const;
  const patch = <const T extends string, const S extends string>(type: T, subresource: S) =>
    ({ do: 'patch', type, namespace: '', name: 'x', patchType: 'merge', body: {}, subresource }) as const;
  const declared = { name: 'careful', user: 'nobody', watches: [watchSelf('nodes')] };
  defineController({ ...declared, owns: ['pods', 'events'], reconcile: () => [remove('pods'), { do: 'barrier' }] });
  // @ts-expect-error: nodes are not its own
  defineController({ ...declared, owns: ['pods', 'events'], reconcile: () => [remove('nodes')] });
  // @ts-expect-error: it owns nothing
  defineController({ ...declared, owns: [], reconcile: () => [remove('pods')] });
  // @ts-expect-error: nor where it says so in its own words
  defineController({ ...declared, owns: ['pods'], reconcile: (): AnyAction[] => [] });
  defineController({ ...declared, owns: ['*'], reconcile: () => [remove('nodes'), remove('whatever')] });
  defineController({
    ...declared,
    owns: ['*/scale'],
    reconcile: () => [patch('nodes', 'scale')],
  });
  defineController({
    ...declared,
    owns: ['*/scale'],
    // @ts-expect-error: this subresource only
    reconcile: () => [patch('nodes', 'status')],
  });
  // Neither a condition nor a deadline writes anything.
  const conditions = [
    { do: 'expectAbsent', type: 'nodes', namespace: '', name: 'x' },
    { do: 'requeue', afterMs: 1 },
  ] as const;
  defineController({ ...declared, owns: [], reconcile: () => conditions });
});

it('a write that is not declared is refused', () => {
  const owner = { name: 'careful', owns: ['pods', '*/scale'] };
  const patch = (type: string, subresource?: string): AnyAction => ({
    do: 'patch',
    type,
    namespace: '',
    name: 'x',
    patchType: 'merge',
    body: {},
    ...(subresource && { subresource }),
  });
  expect(() => demandOwned(owner, patch('pods', 'status'))).not.toThrow();
  expect(() => demandOwned(owner, patch('apps/deployments', 'scale'))).not.toThrow();
  expect(() => demandOwned(owner, patch('nodes'))).toThrow(
    'the controller careful wants to patch nodes, which it does not declare in `owns`',
  );
  expect(() => demandOwned(owner, patch('apps/deployments', 'status'))).toThrow('does not declare');
});

it('whatever a controller watches wakes the function in which they run', () => {
  // Written at every heartbeat and renewal: whoever has to do with leases looks again by the schedule.
  const late = ['coordination.k8s.io/leases'];
  const unheard = all.flatMap(({ name, watches }) =>
    watches
      .filter(({ type }) => !concerns('controllers', type) && !late.includes(type))
      .map(({ type }) => [name, type]),
  );
  expect(unheard).toEqual([]);
});

const readers = ['get', 'list', 'watch'];
/** Informers of Kubernetes' controllers read as this user, whoever looks at what they hold. */
const informers = rulesOf('system:kube-controller-manager');
/** Of the scheduler-plugins project: Kubernetes has no role for it. */
const foreign = ['scheduling.x-k8s.io/podgroups'];

const everybody = [
  ...all.map(({ name, user, watches, reads = [], owns }) => ({
    name,
    user,
    reads: [...watches.map(({ type }) => type), ...reads],
    owns,
  })),
  {
    name: 'scheduler',
    user: 'system:kube-scheduler',
    reads: [...schedulerWatches, ...schedulerReads].filter((type) => !foreign.includes(type)),
    owns: schedulerOwns,
  },
];

it('everybody has a role in Kubernetes, which allows to read and write each type that is declared', () => {
  const writers = ['create', 'update', 'patch', 'delete', 'deletecollection'];
  const subresources = [undefined, 'status', 'scale', 'binding', 'approval', 'finalize'];
  const refused = everybody.flatMap(({ name, user, reads, owns }) => {
    if (user === unbounded) return [];
    const rules = rulesOf(user);
    const unread = reads.filter((type) => !allows([...rules, ...informers], readers, type));
    const unwritten = owns.filter((type) => !subresources.some((each) => allows(rules, writers, type, each)));
    return [
      ...(rules.length === 0 ? [`${name} has no role for ${user}`] : []),
      ...unread.map((type) => `${name} reads ${type}`),
      ...unwritten.map((type) => `${name} writes ${type}`),
    ];
  });
  expect(refused).toEqual([]);
});

it('what controllers write, their roles in Kubernetes allow', () => {
  const refused = all.flatMap((controller) =>
    goldenWrites(controller.name).flatMap((action) => {
      try {
        demandAllowed(controller, action);
        return [];
      } catch (error) {
        return [String(error)];
      }
    }),
  );
  expect([...new Set(refused)]).toEqual([]);
});

type Write = Extract<AnyAction, { type: string }> & { readonly subresource?: string };

/** All that its golden pairs write. */
function goldenWrites(name: string): Write[] {
  const folder = join(import.meta.dirname, 'testdata', name);
  const files = readdirSync(join(folder, '..')).includes(name) ? readdirSync(folder) : [];
  return files
    .filter((each) => each.endsWith('.output.yaml'))
    .flatMap((file) => parse(readFileSync(join(folder, file), 'utf8')) as Write[])
    .filter((each) => 'type' in each && each.do !== 'expectAbsent');
}
