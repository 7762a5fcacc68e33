// What a write was allowed to do must be what it does, whoever changes the object between its check and its commit. The store is wrapped
// so that somebody does, at that very moment: each attempt of a write meets another state than the one before.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { encodeObject } from '../../../core/store/encode-object.ts';
import type { Store, Write } from '../../../core/store/store.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../test/tools/tried.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
/** Runs before a commit reaches the store; what it writes goes around the registry, as from another process. */
let meanwhile: ((writes: readonly Write[]) => Promise<void>) | undefined;

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const rolesType = 'rbac.authorization.k8s.io/roles';
const bindingsType = 'rbac.authorization.k8s.io/rolebindings';
/** Of what is put there around the registry. */
const creationTimestamp = '2026-01-02T03:04:05Z';
const eve = { as: { name: 'eve', groups: ['dev'] } };

beforeEach(async () => {
  meanwhile = undefined;
  t = await openTestApi({}, { wrapStore: interfere });
  await t.namespace('default');
});

afterEach(async () => {
  meanwhile = undefined;
  await t.close();
});

function interfere(store: Store): Store {
  return {
    ...bound(store),
    async commit(writes) {
      await meanwhile?.(writes);
      return await store.commit(writes);
    },
  };
}

/** The store's methods as properties: it is an object with state of its own. */
function bound(store: Store): Store {
  return {
    get: (...given) => store.get(...given),
    list: (...given) => store.list(...given),
    commit: (...given) => store.commit(...given),
    commitEach: (...given) => store.commitEach(...given),
    log: (...given) => store.log(...given),
    past: (...given) => store.past(...given),
    revisionAt: (...given) => store.revisionAt(...given),
    head: (...given) => store.head(...given),
    bounds: (...given) => store.bounds(...given),
    compact: (...given) => store.compact(...given),
    types: (...given) => store.types(...given),
    onCommit: (...given) => store.onCommit(...given),
    close: () => store.close(),
  };
}

/** Before each of the next `times` commits of this key something else is put there, or it is taken away. */
function replaceBefore(type: string, name: string, states: readonly (KubeObject | undefined)[]): void {
  const left = [...states];
  meanwhile = async (writes) => {
    if (!writes.some((each) => each.type === type && each.name === name) || left.length === 0) return;
    const next = left.shift();
    await t.store.commit([
      next
        ? { op: 'put', type, name, expect: 'any', value: encodeObject(structuredClone(next)) }
        : { op: 'delete', type, name, expect: 'any' },
    ]);
  };
}

async function stored(type: string, name: string): Promise<KubeObject | undefined> {
  const item = await t.store.get(type, name);
  return item && JSON.parse(Buffer.from(item.value).toString());
}

type Rule = { verbs: string[]; apiGroups: string[]; resources: string[] };

function rule(resource: string, ...verbs: string[]): Rule {
  return { verbs, apiGroups: [''], resources: [resource] };
}

/** What Eve holds: anything with ConfigMaps, reading Secrets, and writing roles and bindings. */
const held = [rule('configmaps', '*'), rule('secrets', 'get')];

async function makeNamespaceAdmin(): Promise<void> {
  const more = { verbs: ['*'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] };
  // Neither `bind` nor `escalate`.
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
  await t.post(`${rbac}/namespaces/default/roles`, {
    metadata: { name: 'namespace-admin' },
    rules: [...held, { ...more, verbs }],
  });
  await t.post(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'eve' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'namespace-admin' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
  });
}

/** The test's own idea of what a role grants beyond what Eve holds: each verb on each resource of a small world. */
function exceeds(role: KubeObject | undefined): string[] {
  const rules = ((role as { rules?: Rule[] } | undefined)?.rules ?? []) as Rule[];
  const grants = (resource: string, verb: string) =>
    rules.some(
      (each) =>
        each.apiGroups.some((group) => group === '' || group === '*') &&
        each.resources.some((one) => one === resource || one === '*') &&
        each.verbs.some((one) => one === verb || one === '*'),
    );
  const world = ['configmaps', 'secrets', 'pods'].flatMap((resource) =>
    ['get', 'delete', 'never-named'].map((verb) => [resource, verb] as const),
  );
  return world
    .filter(([resource, verb]) => grants(resource, verb))
    .filter(([resource, verb]) => resource !== 'configmaps' && !(resource === 'secrets' && verb === 'get'))
    .map(([resource, verb]) => `${verb} ${resource}`);
}

describe('a namespace admin whose role changes while it is patched', () => {
  const role = (...rules: Rule[]): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'raced', namespace: 'default', creationTimestamp, uid: 'c7f1f1c2-0000-4000-8000-000000000001' },
    rules,
  });
  const path = `${rbac}/namespaces/default/roles/raced`;

  it('grants nothing that a patch makes of another state than the first', async () => {
    await makeNamespaceAdmin();
    await t.post(`${rbac}/namespaces/default/roles`, {
      metadata: { name: 'raced' },
      rules: [rule('configmaps', 'get')],
    });
    // Harmless on ConfigMaps, and everything on Secrets.
    const body = [{ op: 'replace', path: '/rules/0/verbs', value: ['*'] }];
    replaceBefore(rolesType, 'default/raced', [role(rule('secrets', 'get'))]);
    const answer = await t.patch(path, 'application/json-patch+json', body, eve);
    expect(answer).toMatchObject({ status: 403, body: { message: expect.stringContaining('not currently held') } });
    expect((await stored(rolesType, 'default/raced'))?.['rules']).toEqual([rule('secrets', 'get')]);
    tried('writes raced between their check and their commit');
  });

  it('never stores more than is held: any patch, any states between', { timeout: 240_000 }, async () => {
    await makeNamespaceAdmin();
    const harmless = fc.constantFrom(
      [rule('configmaps', 'get')],
      [rule('secrets', 'get')],
      [rule('secrets', 'get'), rule('configmaps', '*')],
      [rule('configmaps', 'get'), rule('secrets', 'get')],
      [],
    );
    const verbs = fc.constantFrom(['*'], ['get'], ['delete'], ['get', 'delete']);
    const resources = fc.constantFrom(['configmaps'], ['secrets'], ['*'], ['pods']);
    const change = fc.oneof(
      fc.record({ verbs, at: fc.nat(1) }).map(({ verbs: value, at }) => ({
        type: 'application/json-patch+json',
        body: [{ op: 'replace', path: `/rules/${at}/verbs`, value }] as unknown,
      })),
      fc.record({ resources, at: fc.nat(1) }).map(({ resources: value, at }) => ({
        type: 'application/json-patch+json',
        body: [{ op: 'replace', path: `/rules/${at}/resources`, value }] as unknown,
      })),
      fc.constant({
        type: 'application/json-patch+json',
        body: [{ op: 'move', from: '/rules/0/resources', path: '/rules/1/resources' }] as unknown,
      }),
      fc.record({ verbs, resources }).map((each) => ({
        type: 'application/merge-patch+json',
        body: { rules: [{ ...each, apiGroups: [''] }] } as unknown,
      })),
      fc.record({ verbs, resources }).map((each) => ({
        type: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'raced' },
          rules: [{ ...each, apiGroups: [''] }],
        } as unknown,
      })),
      fc.record({ verbs, resources }).map((each) => ({
        type: 'PUT',
        body: { metadata: { name: 'raced' }, rules: [{ ...each, apiGroups: [''] }] } as unknown,
      })),
    );
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(
        harmless,
        fc.array(fc.option(harmless, { nil: undefined }), { maxLength: 3 }),
        change,
        async (first, between, { type, body }) => {
          meanwhile = undefined;
          await t.store.commit([
            {
              op: 'put',
              type: rolesType,
              name: 'default/raced',
              expect: 'any',
              value: encodeObject(role(...structuredClone(first))),
            },
          ]);
          replaceBefore(
            rolesType,
            'default/raced',
            between.map((rules) => rules && role(...rules)),
          );
          const query = type.includes('apply') ? '?fieldManager=eve&force=true' : '';
          const answer = type === 'PUT' ? await t.put(path, body, eve) : await t.patch(path + query, type, body, eve);
          tried('writes raced between their check and their commit');
          seen.add(answer.status);
          expect(answer.status).toBeLessThan(500);
          expect(exceeds(await stored(rolesType, 'default/raced'))).toEqual([]);
        },
      ),
      { numRuns: fuzzRuns(150) },
    );
    // Some went through, and some were refused for what they would have granted.
    expect([...seen]).toEqual(expect.arrayContaining([200, 403]));
  });

  it('holds while many patch at once', { timeout: 240_000 }, async () => {
    await makeNamespaceAdmin();
    await t.post(`${rbac}/namespaces/default/roles`, {
      metadata: { name: 'raced' },
      rules: [rule('configmaps', 'get')],
    });
    const states = [[rule('configmaps', 'get')], [rule('secrets', 'get')]];
    const rounds = fuzzRuns(12);
    for (let round = 0; round < rounds; round++) {
      const swaps = [0, 1, 2].map((turn) =>
        t.patch(path, 'application/merge-patch+json', { rules: states[(round + turn) % 2] }, eve),
      );
      const raises = [0, 1, 2].map(() =>
        t.patch(path, 'application/json-patch+json', [{ op: 'replace', path: '/rules/0/verbs', value: ['*'] }], eve),
      );
      await Promise.all([...swaps, ...raises]);
      expect(exceeds(await stored(rolesType, 'default/raced'))).toEqual([]);
      tried('writes raced between their check and their commit', swaps.length + raises.length);
    }
  });

  it('may not label a role that it does not hold: others gather by labels', async () => {
    await makeNamespaceAdmin();
    await t.post(`${rbac}/namespaces/default/roles`, { metadata: { name: 'raced' }, rules: [rule('pods', '*')] });
    const labels = { metadata: { labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } } };
    expect(await t.patch(path, 'application/merge-patch+json', labels, eve)).toMatchObject({ status: 403 });
    const finalizers = { metadata: { finalizers: ['test/x'] } };
    expect(await t.patch(path, 'application/merge-patch+json', finalizers, eve)).toMatchObject({ status: 200 });
  });
});

it('gives nobody a part in a binding that became another one meanwhile', async () => {
  await makeNamespaceAdmin();
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'small' };
  await t.post(`${rbac}/namespaces/default/roles`, { metadata: { name: 'small' }, rules: [rule('configmaps', 'get')] });
  await t.post(`${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'raced' }, roleRef });
  replaceBefore(bindingsType, 'default/raced', [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'raced', namespace: 'default', creationTimestamp, uid: 'c7f1f1c2-0000-4000-8000-000000000002' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'large' },
    },
  ]);
  await t.post(`${rbac}/clusterroles`, {
    metadata: { name: 'large' },
    rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  });
  const path = `${rbac}/namespaces/default/rolebindings/raced`;
  expect(await t.patch(path, 'application/merge-patch+json', { subjects }, eve)).toMatchObject({ status: 403 });
  expect((await stored(bindingsType, 'default/raced'))?.['subjects']).toBeUndefined();
  tried('writes raced between their check and their commit');
});

it('creates nothing by an update for who may only update', async () => {
  const may = { verbs: ['get', 'update', 'patch'], apiGroups: [''], resources: ['limitranges'] };
  await t.post(`${rbac}/namespaces/default/roles`, { metadata: { name: 'updater' }, rules: [may] });
  await t.post(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'updater' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'updater' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
  });
  const ranges = '/api/v1/namespaces/default/limitranges';
  const range = { metadata: { name: 'raced' }, spec: { limits: [{ type: 'Pod', max: { cpu: '1' } }] } };
  const type = 'limitranges';
  for (const write of [
    () => t.put(`${ranges}/raced`, range, eve),
    () =>
      t.patch(
        `${ranges}/raced?fieldManager=eve&force=true`,
        'application/apply-patch+yaml',
        { apiVersion: 'v1', kind: 'LimitRange', ...range },
        eve,
      ),
  ]) {
    meanwhile = undefined;
    await t.post(ranges, { metadata: { name: 'raced' }, spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] } });
    replaceBefore(type, 'default/raced', [undefined]);
    expect(await write()).toMatchObject({ status: 403, body: { message: expect.stringContaining('cannot create') } });
    expect(await stored(type, 'default/raced')).toBeUndefined();
    tried('writes raced between their check and their commit');
  }
});

it('evicts no pod that became ready, and no two pods by one allowance', async () => {
  const pod = (name: string, ready: boolean): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', creationTimestamp, uid: `uid-${name}`, labels: { app: 'a' } },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }], terminationGracePeriodSeconds: 30 },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
  const put = (type: string, name: string, object: KubeObject) =>
    t.store.commit([{ op: 'put', type, name, expect: 'any', value: encodeObject(object) }]);
  const budget = (disruptionsAllowed: number) =>
    put('policy/poddisruptionbudgets', 'default/b', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b', namespace: 'default', creationTimestamp, uid: 'uid-b' },
      spec: { selector: { matchLabels: { app: 'a' } }, minAvailable: 1 },
      status: { disruptionsAllowed, currentHealthy: 2, desiredHealthy: 2, expectedPods: 3 },
    });
  const evict = (name: string) =>
    t.post(`/api/v1/namespaces/default/pods/${name}/eviction`, { metadata: { name, namespace: 'default' } });

  await budget(0);
  await put('pods', 'default/unready', pod('unready', false));
  replaceBefore('pods', 'default/unready', [pod('unready', true)]);
  expect(await evict('unready')).toMatchObject({ status: 429 });
  expect((await stored('pods', 'default/unready'))?.metadata.deletionTimestamp).toBeUndefined();

  meanwhile = undefined;
  await budget(1);
  const names = ['one', 'two', 'three'];
  for (const name of names) await put('pods', `default/${name}`, pod(name, true));
  const answers = await Promise.all(names.map(evict));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 429, 429]);
  const gone = await Promise.all(names.map(async (name) => stored('pods', `default/${name}`)));
  expect(gone.filter((each) => each?.metadata.deletionTimestamp)).toHaveLength(1);
  tried('writes raced between their check and their commit', 4);
});

it('deletes of a collection only what is still selected', async () => {
  const configMap = (name: string, labels: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', creationTimestamp, uid: `uid-${name}`, labels },
  });
  await t.create('configmaps', 'default', { metadata: { name: 'raced', labels: { a: 'b' } } });
  const { uid = '' } = (await stored('configmaps', 'default/raced'))?.metadata ?? {};
  const moved = configMap('raced', { a: 'c' });
  replaceBefore('configmaps', 'default/raced', [{ ...moved, metadata: { ...moved.metadata, uid } }]);
  expect(await t.remove('/api/v1/namespaces/default/configmaps?labelSelector=a%3Db')).toMatchObject({ status: 200 });
  expect((await stored('configmaps', 'default/raced'))?.metadata.labels).toEqual({ a: 'c' });
  tried('writes raced between their check and their commit');
});
