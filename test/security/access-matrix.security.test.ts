// Every verb on every resource and subresource that discovery tells of, as everybody there is, against a policy of the tests' own.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootstrap } from '../../core/registry/bootstrap.ts';
import { type CallOptions, openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { tried } from '../tools/tried.ts';
import {
  admin,
  authenticated,
  type Cell,
  edit,
  either,
  inNamespace,
  nobody,
  nodePolicy,
  type Policy,
  view,
} from './policy.ts';

interface Identity {
  readonly who: string;
  readonly as: NonNullable<CallOptions['as']> | null;
  readonly policy: Policy;
}

const person = (name: string) => ({ name, groups: ['system:authenticated'] });
const node = (name: string) => ({ name: `system:node:${name}`, groups: ['system:nodes'] });

const identities: readonly Identity[] = [
  { who: 'nobody', as: null, policy: nobody },
  { who: 'an account without rights', as: person('system:serviceaccount:a:default'), policy: authenticated },
  { who: 'a viewer of a', as: person('viewer'), policy: either(authenticated, inNamespace('a', view)) },
  { who: 'an editor of a', as: person('editor'), policy: either(authenticated, inNamespace('a', edit)) },
  { who: 'an admin of a', as: person('admin-of-a'), policy: either(authenticated, inNamespace('a', admin)) },
  { who: 'a viewer of all', as: person('viewer-of-all'), policy: either(authenticated, view) },
  {
    who: 'who reads one ConfigMap',
    as: person('reader'),
    policy: either(
      authenticated,
      (cell) =>
        ['get', 'list', 'watch'].includes(cell.verb) &&
        `${cell.group}/${cell.resource}/${cell.subresource}` === '/configmaps/' &&
        cell.namespace === 'a' &&
        cell.name === 'one',
    ),
  },
  {
    who: 'a node that runs a pod',
    as: node('node-a'),
    policy: either(
      authenticated,
      nodePolicy({
        node: 'node-a',
        pods: ['a/one'],
        reads: ['secrets a/one', 'configmaps a/one', 'persistentvolumeclaims a/one'],
        accounts: ['a/one'],
      }),
    ),
  },
  {
    who: 'a node that runs nothing',
    as: node('node-b'),
    policy: either(authenticated, nodePolicy({ node: 'node-b', pods: [], reads: [], accounts: [] })),
  },
  { who: 'a master', as: { name: 'root', groups: ['system:masters'] }, policy: () => true },
];

let t: TestApi;
let resources: readonly Resource[];
/** What broke the server. */
const failed = new Set<string>();

beforeAll(async () => {
  t = await openTestApi();
  await bootstrap(t.registry, t.definitions, { advertiseAddress: '192.0.2.1', port: 6443 });
  for (const name of ['a', 'b']) await made(t.post('/api/v1/namespaces', { metadata: { name } }));
  for (const name of ['node-a', 'node-b']) await made(t.post('/api/v1/nodes', { metadata: { name } }));
  for (const namespace of ['a', 'b'])
    await made(t.post(core(namespace, 'serviceaccounts'), { metadata: { name: 'one' } }));
  await made(t.post(core('a', 'pods'), pod));
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const bindings = [
    ['viewer', 'view'],
    ['editor', 'edit'],
    ['admin-of-a', 'admin'],
  ] as const;
  for (const [name, role] of bindings)
    await made(t.post(`${rbac}/namespaces/a/rolebindings`, binding(name, 'ClusterRole', role)));
  await made(t.post(`${rbac}/clusterrolebindings`, binding('viewer-of-all', 'ClusterRole', 'view')));
  const rules = [
    { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'] },
  ];
  await made(t.post(`${rbac}/namespaces/a/roles`, { metadata: { name: 'one' }, rules }));
  await made(t.post(`${rbac}/namespaces/a/rolebindings`, binding('reader', 'Role', 'one')));
  resources = await discovered();
});

afterAll(async () => {
  await t.close();
});

/** Named by every relation that the node's policy speaks of. */
const pod = {
  metadata: { name: 'one' },
  spec: {
    nodeName: 'node-a',
    serviceAccountName: 'one',
    containers: [
      { name: 'c', image: 'i', envFrom: [{ configMapRef: { name: 'one' } }, { secretRef: { name: 'one' } }] },
    ],
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'one' } }],
  },
};

const core = (namespace: string, resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;

function binding(name: string, kind: string, role: string) {
  const apiGroup = 'rbac.authorization.k8s.io';
  return { metadata: { name }, roleRef: { apiGroup, kind, name: role }, subjects: [{ apiGroup, kind: 'User', name }] };
}

async function made(answer: ReturnType<TestApi['post']>): Promise<void> {
  const { status, text } = await answer;
  expect(status, text).toBe(201);
}

interface Resource {
  readonly group: string;
  readonly path: string;
  readonly namespaced: boolean;
  readonly resource: string;
  readonly subresource: string;
}

/** What discovery tells of, and of each resource a subresource that is not there. */
async function discovered(): Promise<Resource[]> {
  const { body } = await t.get('/apis');
  const versions: string[] = body.groups.flatMap((group: { versions: { groupVersion: string }[] }) =>
    group.versions.map((each) => `/apis/${each.groupVersion}`),
  );
  const found: Resource[] = [];
  for (const path of ['/api/v1', ...versions]) {
    const list = (await t.get(path)).body;
    for (const { name, namespaced } of list.resources as { name: string; namespaced: boolean }[]) {
      const [resource = '', subresource = ''] = name.split('/');
      const base = { group: path === '/api/v1' ? '' : (path.split('/')[2] ?? ''), path, namespaced, resource };
      found.push({ ...base, subresource });
      if (subresource === '') found.push({ ...base, subresource: 'nosuch' });
    }
  }
  return found;
}

const named = [
  { verb: 'get', method: 'GET', query: '' },
  { verb: 'update', method: 'PUT', query: 'dryRun=All' },
  { verb: 'patch', method: 'PATCH', query: 'dryRun=All' },
  { verb: 'delete', method: 'DELETE', query: 'dryRun=All' },
];
const collective = [
  { verb: 'list', method: 'GET', query: '' },
  { verb: 'watch', method: 'GET', query: 'watch=true&timeoutSeconds=1' },
  { verb: 'create', method: 'POST', query: 'dryRun=All' },
  { verb: 'deletecollection', method: 'DELETE', query: 'dryRun=All' },
];

interface Attempt {
  readonly cell: Cell;
  readonly method: string;
  readonly target: string;
}

/** Every way to ask for a resource: in each namespace and in all, by names that exist or are somebody's, and the collection. */
function* attempts({ group, path, namespaced, resource, subresource }: Resource): Iterable<Attempt> {
  for (const namespace of namespaced ? ['a', 'b', 'kube-system', 'kube-node-lease', ''] : ['']) {
    const base = `${path}${namespace === '' ? '' : `/namespaces/${namespace}`}/${resource}`;
    const names = namespaced ? ['one', 'node-a'] : ['one', 'node-a', 'node-b', 'a'];
    for (const name of namespaced && namespace === '' ? [] : names) {
      const tail = subresource === '' ? '' : `/${subresource}`;
      // A namespace's own name stands where a namespace would: that is how Kubernetes authorizes it.
      const within = group === '' && resource === 'namespaces' ? name : namespace;
      const verbs = subresource === '' ? named : [...named, { verb: 'create', method: 'POST', query: 'dryRun=All' }];
      for (const { verb, method, query } of verbs)
        yield {
          cell: { verb, group, resource, subresource, namespace: within, name },
          method,
          target: `${base}/${name}${tail}?${query}`,
        };
    }
    if (subresource !== '') continue;
    for (const { verb, method, query } of collective) {
      yield { cell: { verb, group, resource, subresource, namespace, name: '' }, method, target: `${base}?${query}` };
      if (verb !== 'list' && verb !== 'watch') continue;
      const selector = 'fieldSelector=metadata.name%3Done';
      const cell = { verb, group, resource, subresource, namespace, name: 'one' };
      yield { cell, method, target: `${base}?${query}&${selector}` };
    }
    // A watch by the deprecated prefix, and one of a name.
    const watched = `${path}/watch${namespace === '' ? '' : `/namespaces/${namespace}`}/${resource}`;
    const cell = { verb: 'watch', group, resource, subresource, namespace, name: '' };
    yield { cell, method: 'GET', target: `${watched}?timeoutSeconds=1` };
    if (namespaced && namespace === '') continue;
    const within = group === '' && resource === 'namespaces' ? 'one' : namespace;
    const one = { ...cell, namespace: within, name: 'one' };
    yield { cell: one, method: 'GET', target: `${watched}/one?timeoutSeconds=1` };
    // With a name it is a get, whatever the query says.
    yield { cell: { ...one, verb: 'get' }, method: 'GET', target: `${base}/one?watch=true&timeoutSeconds=1` };
  }
}

/** Whether authorization refused: what admission forbids was authorized. */
async function refused({ method, target }: Attempt, as: Identity['as']): Promise<boolean> {
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
  const headers: Record<string, string> = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
  const response = await t.api.handle(t.request(method, target, { as, headers, ...body }));
  if (response.body && !(response.body instanceof Uint8Array)) {
    await response.body[Symbol.asyncIterator]().return?.();
    return false;
  }
  if (response.status === 500) failed.add(`${method} ${target}: ${Buffer.from(response.body ?? [])}`);
  if (response.status !== 403) return false;
  const text = Buffer.from(response.body ?? []).toString();
  return /: User \\"[^"]*\\" cannot /.test(text);
}

describe('the access matrix', () => {
  it.each(identities)('$who may do what the policy says, and nothing else', async ({ as, policy }) => {
    const wrong: string[] = [];
    let cells = 0;
    for (const resource of resources)
      for (const attempt of attempts(resource)) {
        cells += 1;
        const allowed = !(await refused(attempt, as));
        if (allowed !== policy(attempt.cell))
          wrong.push(`${allowed ? 'may' : 'may not'} ${attempt.method} ${attempt.target}`);
      }
    tried('cells of the access matrix', cells);
    expect(cells).toBeGreaterThan(2000);
    expect(wrong).toEqual([]);
    expect([...failed]).toEqual([]);
  });
});
