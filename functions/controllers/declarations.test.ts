// What controllers declare: it is all that they can read and write, and no more than Kubernetes' role of the same controller allows.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { controllerRoles } from '../../core/registry/bootstrap/controller-roles.ts';
import { namespacedRoles } from '../../core/registry/bootstrap/namespaced-roles.ts';
import { systemRoles } from '../../core/registry/bootstrap/system-roles.ts';
import { concerns } from '../../core/work/work-queues.ts';
import type { V1PolicyRule } from '../../generated/kubernetes.ts';
import { controllers } from './all.ts';
import { type AnyAction, type Controller, defineController, demandOwned, watch, watchSelf } from './controller.ts';

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

/** The rules of a controller's user; undefined for the API server's own, who may do anything. */
function rulesOf({ user }: Controller): readonly V1PolicyRule[] | undefined {
  if (user === 'system:apiserver') return undefined;
  if (user === 'system:kube-controller-manager') return systemRoles.find(({ name }) => name === user)?.rules;
  const name = user.slice('system:serviceaccount:kube-system:'.length);
  const inNamespaces = namespacedRoles.filter(({ subjects }) =>
    subjects.some((each) => each.kind === 'ServiceAccount' && each.name === name),
  );
  return [...(controllerRoles[name] ?? []), ...inNamespaces.flatMap(({ rules }) => rules)];
}

/** A patch that requires what was seen is an update in fewer bytes. */
const changes = ['update', 'patch'];

function allows(rules: readonly V1PolicyRule[], verbs: readonly string[], type: string, subresource?: string): boolean {
  const at = type.indexOf('/');
  const [group, resource] = [type.slice(0, Math.max(0, at)), type.slice(at + 1)];
  const isMeant = (each: string) =>
    each === '*' ||
    each === (subresource ? `${resource}/${subresource}` : resource) ||
    (subresource !== undefined && each === `*/${subresource}`);
  return rules.some(
    ({ apiGroups = [], resources = [], verbs: granted }) =>
      (apiGroups.includes(group) || apiGroups.includes('*')) &&
      resources.some(isMeant) &&
      verbs.some((verb) => granted.includes(verb)),
  );
}

it('what controllers write, their roles in Kubernetes allow', () => {
  const refused = all.flatMap((controller) => {
    const rules = rulesOf(controller);
    if (!rules) return [];
    return goldenWrites(controller.name)
      .filter(({ do: verb, type, subresource }) => {
        const verbs = changes.includes(verb) ? changes : [verb.toLowerCase()];
        return !allows(rules, verbs, type, subresource);
      })
      .map(({ do: verb, type, subresource = '' }) => `${controller.name} ${verb} ${type} ${subresource}`.trim());
  });
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
