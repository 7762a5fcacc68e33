// RBAC over real objects, as the registry stores them.

import { describe, expect, it, onTestFinished } from 'vitest';
import type { KubeObject } from '../machinery/object.ts';
import { openTestRegistry } from '../registry/testing.ts';
import type { Attributes } from './authorizer.ts';
import { openRbac, rulesFor } from './rbac.ts';
import type { UserInfo } from './user-info.ts';

const jane: UserInfo = { username: 'jane', groups: ['dev', 'system:authenticated'] };
const readPods = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };

const getPod = (user: UserInfo, namespace = 'team'): Attributes => ({
  user,
  namespace,
  ...{
    verb: 'get',
    isResource: true,
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    name: 'a',
    path: '',
  },
});

async function open() {
  const test = await openTestRegistry();
  onTestFinished(() => test.close());
  for (const name of ['team', 'other'])
    await test.registry.create(test.context, test.target('namespaces'), { metadata: { name } } as KubeObject);
  const rbac = await openRbac(test.replicas);
  const make = (resource: string, object: object) =>
    test.registry.create(
      test.context,
      test.target(`rbac.authorization.k8s.io/${resource}`, (object as KubeObject).metadata.namespace),
      object as KubeObject,
    );
  const remove = (resource: string, name: string, namespace?: string) =>
    test.registry.delete(test.context, test.target(`rbac.authorization.k8s.io/${resource}`, namespace, name));
  const may = async (user: UserInfo, namespace?: string) =>
    (await rbac.authorizer.authorize(getPod(user, namespace))).effect === 'allow';
  return { ...test, rbac, make, remove, may };
}

const subject = (kind: string, name: string, namespace?: string) => ({
  kind,
  name,
  ...(kind !== 'ServiceAccount' && { apiGroup: 'rbac.authorization.k8s.io' }),
  ...(namespace && { namespace }),
});

const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });

describe('RBAC', () => {
  it('gives through a RoleBinding what its role has, in its namespace alone', async () => {
    const { make, may } = await open();
    expect(await may(jane)).toBe(false);
    await make('roles', { metadata: { name: 'reader', namespace: 'team' }, rules: [readPods] });
    expect(await may(jane)).toBe(false);
    await make('rolebindings', {
      metadata: { name: 'jane', namespace: 'team' },
      roleRef: roleRef('Role', 'reader'),
      subjects: [subject('User', 'jane')],
    });
    // At once: whoever granted it may tell jane so.
    expect(await may(jane)).toBe(true);
    expect(await may(jane, 'other')).toBe(false);
    expect(await may(jane, '')).toBe(false);
    expect(await may({ ...jane, username: 'june' })).toBe(false);
  });

  it('gives through a ClusterRoleBinding in every namespace, and through a RoleBinding to a ClusterRole in one', async () => {
    const { make, may } = await open();
    await make('clusterroles', { metadata: { name: 'reader' }, rules: [readPods] });
    const bound = { roleRef: roleRef('ClusterRole', 'reader') };
    await make('rolebindings', {
      metadata: { name: 'dev', namespace: 'team' },
      ...bound,
      subjects: [subject('Group', 'dev')],
    });
    expect([await may(jane), await may(jane, 'other')]).toEqual([true, false]);
    await make('clusterrolebindings', { metadata: { name: 'dev' }, ...bound, subjects: [subject('Group', 'dev')] });
    expect([await may(jane, 'other'), await may(jane, '')]).toEqual([true, true]);
  });

  it('knows a service account by its namespace and name', async () => {
    const { make, may } = await open();
    await make('clusterroles', { metadata: { name: 'reader' }, rules: [readPods] });
    await make('clusterrolebindings', {
      metadata: { name: 'bot' },
      roleRef: roleRef('ClusterRole', 'reader'),
      subjects: [subject('ServiceAccount', 'bot', 'team')],
    });
    expect(await may({ username: 'system:serviceaccount:team:bot', groups: [] })).toBe(true);
    expect(await may({ username: 'system:serviceaccount:other:bot', groups: [] })).toBe(false);
    expect(await may({ username: 'bot', groups: [] })).toBe(false);
  });

  it('takes back what is taken back: a binding, a role', async () => {
    const { make, may, remove, rbac } = await open();
    await make('roles', { metadata: { name: 'reader', namespace: 'team' }, rules: [readPods] });
    const binding = { roleRef: roleRef('Role', 'reader'), subjects: [subject('User', 'jane')] };
    for (const name of ['one', 'two'])
      await make('rolebindings', { metadata: { name, namespace: 'team' }, ...binding });
    await remove('rolebindings', 'one', 'team');
    expect(await may(jane)).toBe(true);
    await remove('rolebindings', 'two', 'team');
    await rbac.index.catchUp();
    expect(await may(jane)).toBe(false);
    await make('rolebindings', { metadata: { name: 'three', namespace: 'team' }, ...binding });
    expect(await may(jane)).toBe(true);
    await remove('roles', 'reader', 'team');
    await rbac.index.catchUp();
    expect(await may(jane)).toBe(false);
  });

  it('lists the rules that hold for a user, and names the binding that allows', async () => {
    const { make, rbac } = await open();
    await make('clusterroles', { metadata: { name: 'reader' }, rules: [readPods] });
    await make('clusterrolebindings', {
      metadata: { name: 'dev' },
      roleRef: roleRef('ClusterRole', 'reader'),
      subjects: [subject('Group', 'dev'), subject('User', 'jane')],
    });
    await rbac.index.catchUp();
    expect(rulesFor(rbac.index, jane, 'team')).toEqual([readPods]);
    expect(await rbac.authorizer.authorize(getPod(jane))).toEqual({
      effect: 'allow',
      reason: 'RBAC: allowed by ClusterRoleBinding dev',
    });
  });
});
