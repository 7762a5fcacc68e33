import { describe, expect, it } from 'vitest';
import type { Attributes, Authorizer, Decision } from './authorizer.ts';
import { chain } from './chain.ts';
import { forbiddenStatus } from './forbidden.ts';
import { accessSelectors } from './selectors.ts';

const request: Attributes = {
  user: { username: 'jane', groups: ['dev'] },
  verb: 'get',
  isResource: true,
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  subresource: '',
  namespace: 'team',
  name: 'web',
  path: '',
};
const path = (text: string, verb = 'get'): Attributes => ({ ...request, isResource: false, path: text, verb });

/** Answers so, at once or later, and counts how often it was asked. */
function authorizer(decision: Decision, later = false): Authorizer & { asked: number } {
  const made = {
    asked: 0,
    authorize: () => {
      made.asked += 1;
      return later ? Promise.resolve(decision) : decision;
    },
  };
  // What is answered at once is a decision itself.
  return made as Authorizer & { asked: number };
}

describe.each([false, true])('authorizers in a chain (later: %s)', (later) => {
  it('are asked in order, and the first that has an opinion decides', async () => {
    const passes = authorizer({ effect: 'pass', reason: 'not mine' }, later);
    const denies = authorizer({ effect: 'deny', reason: 'no' }, later);
    const allows = authorizer({ effect: 'allow', reason: 'yes' }, later);
    expect(await chain([passes, denies, allows]).authorize(request)).toEqual({ effect: 'deny', reason: 'no' });
    expect(await chain([passes, allows, denies]).authorize(request)).toEqual({ effect: 'allow', reason: 'yes' });
    expect([passes.asked, denies.asked, allows.asked]).toEqual([2, 1, 1]);
  });

  it('allow nothing when all pass, and say what each of them said', async () => {
    const all = ['one', '', 'two'].map((reason) => authorizer({ effect: 'pass', reason }, later));
    expect(await chain(all).authorize(request)).toEqual({ effect: 'pass', reason: 'one\ntwo' });
    expect(await chain([]).authorize(request)).toEqual({ effect: 'pass', reason: '' });
  });

  it('are not asked of masters, nor of the paths that are open to all', async () => {
    const denies = authorizer({ effect: 'deny', reason: 'no' }, later);
    const { authorize } = chain([denies]);
    const master = { username: 'root', groups: ['system:masters'] };
    expect((await authorize({ ...request, user: master })).effect).toBe('allow');
    for (const open of ['/healthz', '/livez/', '/readyz', '/version'])
      expect((await authorize(path(open))).effect, open).toBe('allow');
    expect(denies.asked).toBe(0);
    for (const closed of [path('/metrics'), path('/healthz/etcd'), path('/healthz', 'post'), path('/')])
      expect((await authorize(closed)).effect).toBe('deny');
  });

  it('take no user for a master by a name', async () => {
    const denies = authorizer({ effect: 'deny', reason: 'no' }, later);
    const user = { username: 'system:masters', groups: [] };
    expect((await chain([denies]).authorize({ ...request, user })).effect).toBe('deny');
  });
});

describe('a refusal', () => {
  it.each<[string, Partial<Attributes>, string]>([
    [
      'one object',
      {},
      'deployments.apps "web" is forbidden: User "jane" cannot get resource "deployments" in API group "apps" in the namespace "team"',
    ],
    [
      'all of a cluster, with a reason',
      { name: '', namespace: '', group: '', resource: 'nodes', verb: 'list' },
      'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope: why',
    ],
    [
      'a subresource',
      { subresource: 'scale' },
      'deployments.apps "web" is forbidden: User "jane" cannot get resource "deployments/scale" in API group "apps" in the namespace "team"',
    ],
    ['a path', { isResource: false, path: '/metrics' }, 'forbidden: User "jane" cannot get path "/metrics"'],
  ])('says of %s what Kubernetes says', (_, fields, message) => {
    const error = forbiddenStatus({ ...request, ...fields }, message.endsWith(': why') ? 'why' : '');
    expect(error).toMatchObject({ reason: 'Forbidden', message });
  });
});

describe('selectors', () => {
  it('are those of the request', () => {
    const { fieldSelector, labelSelector } = accessSelectors({
      fieldSelector: 'spec.nodeName=n1',
      labelSelector: 'a in (b,c)',
    });
    expect(fieldSelector).toHaveLength(1);
    expect(labelSelector).toEqual([{ key: 'a', operator: 'in', values: ['b', 'c'] }]);
  });

  it('that cannot be understood are left out: more may be asked of an authorizer, never less', () => {
    expect(accessSelectors({ fieldSelector: 'spec.nodeName', labelSelector: 'a in' })).toEqual({});
    expect(accessSelectors({ labelSelector: 'a==b', fieldSelector: 'spec' })).toEqual({
      labelSelector: [{ key: 'a', operator: '=', values: ['b'] }],
    });
  });
});
