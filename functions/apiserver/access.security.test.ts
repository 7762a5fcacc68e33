// Whatever a request looks like: every object in its answer is one that its user may see by name, and what is reached behind a pod or
// node is what the user may reach. Judged by an evaluator of the test's own, by marks that every object carries in every encoding.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatusError } from '../../core/machinery/status.ts';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import type { StreamHandler } from './streams-contract.ts';
import { type AccessRule, ruleAllows } from './testing/access-rules.ts';
import { type CallOptions, openTestApi, type TestApi } from './testing/open-test-api.ts';

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespaced: boolean;
  readonly names: readonly string[];
  body(name: string): object;
}

const namespaces = ['a', 'b'];
const plainNames = ['x', 'y', 'z'];
// Names of RBAC objects may hold what selectors are written with.
const oddNames = ['x', 'x,y', 'x=y', 'x\\y', 'metadata.name=x'];
const pod = (name: string) => ({
  spec: {
    nodeName: name === 'z' ? 'y' : 'x',
    containers: [{ name: 'c', image: 'i' }],
    // Whatever a node may read for its pods: the Secret and the ConfigMap of the pod's own name.
    volumes: [
      { name: 's', secret: { secretName: name } },
      { name: 'm', configMap: { name } },
    ],
  },
});
const kinds: readonly Kind[] = [
  core('secrets', true, () => ({ data: {} })),
  core('configmaps', true, () => ({ data: {} })),
  core('pods', true, pod),
  core('nodes', false, () => ({})),
  { ...core('clusterroles', false, () => ({ rules: [] })), group: 'rbac.authorization.k8s.io', names: oddNames },
  { ...core('widgets', true, () => ({ spec: {} })), group: 'acme.io' },
];

function core(resource: string, namespaced: boolean, body: (name: string) => object): Kind {
  return { group: '', version: 'v1', resource, namespaced, names: plainNames, body };
}

const base = ({ group, version }: Kind) => (group === '' ? `/api/${version}` : `/apis/${group}/${version}`);

interface Reached {
  readonly what: string;
  readonly namespace: string;
  readonly name: string;
}

let t: TestApi;
let reached: Reached[];
const users: { name: string; groups: string[]; rules: AccessRule[] }[] = [];

// Streams end at the node: what counts is which pod or node a request got to, and as what.
const recording: StreamHandler = {
  async respond({ kind, pod }) {
    const { namespace = '', name = '' } = pod.metadata;
    reached.push({ what: `pods/${kind}`, namespace, name });
    return { status: 200, headers: {}, body: Buffer.from('a log') };
  },
  async upgrade() {
    throw new Error('nothing here upgrades');
  },
  async connect({ namespace, pod }) {
    reached.push({ what: 'pods/proxy', namespace, name: pod });
    throw new StatusError('ServiceUnavailable', 'no pod runs here');
  },
  async connectNode(name) {
    reached.push({ what: 'nodes/proxy', namespace: '', name });
    throw new StatusError('ServiceUnavailable', 'no node is here');
  },
  async accept() {
    throw new Error('no agent dials in here');
  },
};

const ruleOf: fc.Arbitrary<AccessRule> = fc
  .record({
    namespace: fc.constantFrom('', ...namespaces, ...namespaces),
    verbs: fc.subarray(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'], {
      minLength: 1,
    }),
    kind: fc.constantFrom(...kinds),
    subresource: fc.constantFrom('', '', '', '/proxy', '/log', '/exec', '/status'),
    named: fc.boolean(),
    pick: fc.nat(),
  })
  .map(({ namespace, verbs, kind, subresource, named, pick }) => ({
    namespace: kind.namespaced ? namespace : '',
    verbs,
    group: kind.group,
    resources: [kind.resource + subresource],
    names: named ? [kind.names[pick % kind.names.length] ?? 'x'] : [],
  }));

const reachingRule: fc.Arbitrary<AccessRule> = fc.record({
  namespace: fc.constantFrom('', ...namespaces),
  verbs: fc.subarray(['get', 'create', 'update', 'patch', 'delete', 'watch'], { minLength: 1 }),
  group: fc.constant(''),
  resources: fc.subarray(['pods/proxy', 'pods/log', 'pods/exec', 'pods/attach', 'nodes/proxy'], { minLength: 1 }),
  names: fc.subarray([...plainNames, 'x:80']),
});

beforeAll(async () => {
  t = await openTestApi({ streams: recording, watch: { minTimeoutMs: 15 } });
  for (const namespace of namespaces) await t.namespace(namespace);
  await must(
    t.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'widgets.acme.io' },
      spec: {
        group: 'acme.io',
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    }),
  );
  // Nodes before the pods that run on them.
  for (const kind of [...kinds].sort((a, b) => Number(a.namespaced) - Number(b.namespaced)))
    for (const namespace of kind.namespaced ? namespaces : [''])
      for (const [index, name] of kind.names.entries()) {
        const path =
          namespace === ''
            ? `${base(kind)}/${kind.resource}`
            : `${base(kind)}/namespaces/${namespace}/${kind.resource}`;
        const annotations = { mark: `mark~${kind.resource}~${namespace}~${index}~end` };
        await must(
          t.post(path, { metadata: { name, labels: { l: name.slice(0, 1) }, annotations }, ...kind.body(name) }),
        );
      }
  for (const [index, rules] of fc
    .sample(fc.array(fc.oneof(ruleOf, ruleOf, reachingRule), { minLength: 1, maxLength: 5 }), 40)
    .entries()) {
    const name = `user-${index}`;
    users.push({ name, groups: [], rules });
    for (const [at, rule] of rules.entries()) await grant(`${name}-${at}`, name, rule);
  }
  users.push({ name: 'system:node:x', groups: ['system:nodes'], rules: nodeRules('x') });
}, 120_000);

afterAll(async () => {
  await t.close();
});

async function must(answer: ReturnType<TestApi['post']>): Promise<void> {
  const { status, text } = await answer;
  if (status > 299) throw new Error(text);
}

async function grant(name: string, user: string, rule: AccessRule): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const at = rule.namespace === '' ? rbac : `${rbac}/namespaces/${rule.namespace}`;
  const [role, bindings] = rule.namespace === '' ? ['ClusterRole', 'clusterrolebindings'] : ['Role', 'rolebindings'];
  const { verbs, group, resources, names } = rule;
  await must(
    t.post(`${at}/${role.toLowerCase()}s`, {
      metadata: { name },
      rules: [{ verbs, apiGroups: [group], resources, ...(names.length > 0 && { resourceNames: names }) }],
    }),
  );
  await must(
    t.post(`${at}/${bindings}`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    }),
  );
}

/** What the Node authorizer allows at most: the node, its pods, and what those name. */
function nodeRules(node: string): AccessRule[] {
  const own = plainNames.filter((name) => pod(name).spec.nodeName === node);
  const rule = (resources: string[], verbs: string[], names: string[]) => ({
    namespace: '',
    group: '',
    resources,
    verbs,
    names,
  });
  return [
    rule(['secrets', 'configmaps'], ['get', 'list', 'watch'], own),
    rule(['pods', 'pods/status'], ['get', 'list', 'watch', 'delete', 'patch', 'update'], own),
    rule(['nodes', 'nodes/status'], ['get', 'list', 'watch', 'patch', 'update'], [node]),
  ];
}

// One request. Most parts are aimed at a rule of its user's, so that it is allowed something; then it is bent.
interface Words {
  readonly rule: AccessRule;
  readonly aim: readonly boolean[];
  readonly kind: Kind;
  readonly prefix: string;
  readonly namespace: string;
  readonly name: string;
  readonly rest: string;
  readonly bend: string;
  readonly at: number;
}
const wordsOfPath = {
  // Of kind, namespace, name, what is behind it, and method.
  aim: fc.array(fc.constantFrom(true, true, true, true, true, true, false), { minLength: 5, maxLength: 5 }),
  kind: fc.constantFrom(...kinds),
  prefix: fc.constantFrom('', '', '', '', '', '', '', '', 'watch', 'watch', 'proxy'),
  namespace: fc.constantFrom('', 'a', 'a', 'b', 'b', 'c', '..'),
  name: fc.constantFrom('', '', '', 'x', 'x', 'y', 'z', 'x:80', '.', '..', 'x,y', 'x=y', 'metadata.name=x'),
  rest: fc.constantFrom(
    ...['', '', '', 'status', 'proxy', 'proxy/', 'proxy/y', 'proxy/../../y', 'log', 'exec', 'attach', 'x', '/proxy'],
  ),
  bend: fc.constantFrom('', '', '', '', '', '', 'encode', 'slash', 'double', 'trailing', 'leading'),
  at: fc.nat(),
};
function verbAimedAt({ verbs }: AccessRule, at: number): string {
  return verbs[at % verbs.length] ?? '';
}
/** What makes a list a watch, and one that is allowed by a name a list of that name. */
function queryAimedAt(rule: AccessRule, at: number): [string, string][] {
  const verb = verbAimedAt(rule, at);
  const [name] = rule.names;
  return [
    ...(verb === 'watch' ? [['watch', 'true'] satisfies [string, string]] : []),
    ...(name === undefined || !['list', 'watch'].includes(verb)
      ? []
      : [['fieldSelector', `metadata.name=${name.replace(/[\\,=]/g, '\\$&')}`] satisfies [string, string]]),
  ];
}
function pathOf({ rule, aim, ...words }: Words): string {
  const [resource = '', subresource = ''] = (rule.resources[words.at % rule.resources.length] ?? '').split('/');
  const kind = (aim[0] && kinds.find((each) => each.resource === resource)) || words.kind;
  const aimedNamespace = kind.namespaced ? rule.namespace || namespaces[words.at % 3] || '' : '';
  const namespace = aim[1] ? aimedNamespace : words.namespace;
  const ofMany =
    subresource === '' && ['list', 'watch', 'deletecollection', 'create'].includes(verbAimedAt(rule, words.at));
  const name = aim[2] ? (ofMany ? '' : (rule.names[0] ?? 'x')) : words.name;
  const rest = aim[3] ? subresource : words.rest;
  const { prefix, bend, at } = words;
  return bent(kind, prefix, namespace, name || (rest ? 'x' : ''), rest, bend, at);
}
function bent(
  kind: Kind,
  prefix: string,
  namespace: string,
  name: string,
  rest: string,
  bend: string,
  at: number,
): string {
  const words = [
    ...(prefix ? [prefix] : []),
    ...(namespace ? ['namespaces', namespace] : []),
    kind.resource,
    ...(name ? [encodeURIComponent(name)] : []),
    ...(rest ? [rest] : []),
  ];
  const text = `${base(kind)}/${words.join('/')}`;
  const index = at % text.length;
  const char = text[index] ?? '';
  const slash = text.indexOf('/', index);
  const encoded = /[a-z]/.test(char) ? `%${char.charCodeAt(0).toString(16)}` : char;
  switch (bend) {
    case 'encode':
      return text[index - 1] === '%' || text[index - 2] === '%'
        ? text
        : text.slice(0, index) + encoded + text.slice(index + 1);
    case 'slash':
      return slash < 0 ? text : `${text.slice(0, slash)}%2F${text.slice(slash + 1)}`;
    case 'double':
      return slash < 0 ? text : `${text.slice(0, slash)}//${text.slice(slash + 1)}`;
    case 'trailing':
      return `${text}/`;
    case 'leading':
      return `/${text}`;
    default:
      return text;
  }
}
const after = (name: string) =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: -1, start: name })).toString('base64url');
const parameter = fc.oneof(
  fc.constantFrom(
    ...['true', '1', 'true', '1', 'false', '0', 'False', 'FALSE', '', 'no', 'watch'].map(
      (each) => ['watch', each] as const,
    ),
  ),
  fc
    .tuple(
      fc.constantFrom(
        'metadata.name=x',
        'metadata.name==y',
        'metadata.name!=x',
        'metadata.name=x,metadata.name=y',
        'metadata.name=y,metadata.name!=x',
        ' metadata.name=x',
        'metadata.name =x',
        'metadata.name=x,',
        ',metadata.name=x',
        'metadata.name=x\\,y',
        'metadata.name=x\\=y',
        'metadata.name=metadata.name\\=x',
        'metadata.name=x\\\\y',
        'metadata.name=',
        'metadata.name=a/x',
        'metadata.namespace=a,metadata.name=x',
        'metadata.namespace!=b',
        'spec.nodeName=x',
        'spec.nodeName=y',
        'spec.nodeName!=x',
        'nonsense',
      ),
    )
    .map(([each]) => ['fieldSelector', each] as const),
  fc.constantFrom(...['l=x', 'l!=x', 'l in (x,y)', 'l', '!l', '=,'].map((each) => ['labelSelector', each] as const)),
  fc.constantFrom(...['1', '2', '0', '-1', 'x'].map((each) => ['limit', each] as const)),
  fc.constantFrom(...['a/x', 'b/', '', 'x', 'a/x/y', '../b'].map((each) => ['continue', after(each)] as const)),
  fc.constantFrom(
    ['resourceVersion', '0'] as const,
    ['resourceVersion', '1'] as const,
    ['sendInitialEvents', 'true'] as const,
    ['resourceVersionMatch', 'NotOlderThan'] as const,
    ['allowWatchBookmarks', 'true'] as const,
    ['includeObject', 'Object'] as const,
    ['includeObject', 'None'] as const,
    ['stdout', 'true'] as const,
    ['command', 'id'] as const,
  ),
);
const accepts = [
  'application/json',
  'application/json',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/cbor',
  'application/yaml',
];
const request = {
  ...wordsOfPath,
  method: fc.constantFrom(
    ...['GET', 'GET', 'GET', 'GET', 'GET', 'DELETE', 'DELETE', 'PATCH', 'POST', 'HEAD', 'LIST', 'WATCH', 'get'],
  ),
  query: fc.array(parameter, { maxLength: 4 }),
  accept: fc.constantFrom(...accepts),
  touch: fc.constantFrom(true, false, false, false),
};

const methodsOfVerbs: Readonly<Record<string, string>> = {
  create: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};
const verbsOfMethod: Readonly<Record<string, readonly string[]>> = {
  GET: ['get', 'list', 'watch'],
  HEAD: ['get', 'list', 'watch'],
  POST: ['create'],
  PATCH: ['patch'],
  DELETE: ['delete', 'deletecollection'],
};

/** What the answer itself shows that it was, where it is JSON. */
function verbsOf(method: string, contentType: string, text: string, streamed: boolean): readonly string[] {
  const all = verbsOfMethod[method] ?? [];
  if (streamed) return ['watch'];
  if (!contentType.startsWith('application/json')) return all.filter((each) => each !== 'watch');
  const { kind = '', items } = JSON.parse(text) as { kind?: string; items?: unknown };
  if (kind === 'Table') return all.filter((each) => each !== 'watch');
  return Array.isArray(items) ? all.filter((each) => each === 'list' || each === 'deletecollection') : [all[0] ?? ''];
}

function marksIn(bytes: Buffer) {
  return [...bytes.toString('latin1').matchAll(/mark~([a-z]+)~([a-z]*)~(\d)~end/g)].map((match) => {
    const kind = kinds.find((each) => each.resource === match[1]);
    if (!kind) throw new Error(`an object that nobody made: ${match[0]}`);
    return {
      group: kind.group,
      resource: kind.resource,
      namespace: match[2] ?? '',
      name: kind.names[Number(match[3])] ?? '',
    };
  });
}

async function ask(method: string, target: string, options: CallOptions, whileOpen: () => Promise<void>) {
  const response = await t.api.handle(t.request(method, target, options));
  const chunks: Uint8Array[] = [];
  const streamed =
    response.body !== undefined && !(response.body instanceof Uint8Array) && response.bytes === undefined;
  if (streamed) await whileOpen();
  if (response.body instanceof Uint8Array) chunks.push(response.body);
  else if (response.body) for await (const chunk of response.body) chunks.push(Uint8Array.from(chunk));
  const bytes = method === 'HEAD' ? Buffer.alloc(0) : Buffer.concat(chunks);
  return { status: response.status, type: String(response.headers['content-type'] ?? ''), bytes, streamed };
}

let touches = 0;
async function touchAll(): Promise<void> {
  touches += 1;
  for (const namespace of namespaces)
    for (const resource of ['secrets', 'configmaps'])
      for (const name of plainNames)
        await t.patch(`/api/v1/namespaces/${namespace}/${resource}/${name}`, 'application/merge-patch+json', {
          metadata: { labels: { touched: String(touches) } },
        });
}

describe('what is authorized', () => {
  it('is what is answered, whatever the request looks like', async () => {
    let [shown, refused, streams, behind] = [0, 0, 0, 0];
    const askers = users.flatMap((user) => user.rules.map((rule) => ({ user, rule })));
    const asked = fc.record({ ...request, asker: fc.constantFrom(...askers) });
    const property = fc.asyncProperty(asked, async ({ asker: { user, rule }, query, accept, touch, ...words }) => {
      const [, , , , aimed] = words.aim;
      const method = aimed ? (methodsOfVerbs[verbAimedAt(rule, words.at)] ?? 'GET') : words.method;
      const own = aimed && words.at % 3 !== 0 ? queryAimedAt(rule, words.at) : [];
      const path = pathOf({ ...words, rule });
      // Nothing is changed: what is asked of the next request is the same.
      const dry: [string, string][] = ['DELETE', 'PATCH', 'POST'].includes(method) ? [['dryRun', 'All']] : [];
      const search = new URLSearchParams([
        ...own,
        ...query.map(([name, value]): [string, string] => [name, value]),
        ...dry,
      ]);
      const headers = { accept, ...(method === 'PATCH' && { 'content-type': 'application/merge-patch+json' }) };
      const as = { name: user.name, groups: user.groups };
      reached = [];
      const options: CallOptions = { as, headers, ...(method === 'PATCH' && { body: {} }) };
      const answer = await ask(method, `${path}?${search}`, options, async () => {
        if (touch) await touchAll();
      });
      const may = (
        verbs: readonly string[],
        asked: { group: string; resource: string; namespace: string; name: string },
      ) => user.rules.some((rule) => verbs.some((verb) => ruleAllows(rule, { ...asked, verb })));

      const marks = marksIn(answer.bytes);
      const verbs = marks.length === 0 ? [] : verbsOf(method, answer.type, answer.bytes.toString(), answer.streamed);
      // A subresource shows its object, too.
      for (const mark of marks)
        if (!may(verbs, mark) && !may(verbs, { ...mark, resource: `${mark.resource}/status` }))
          throw new Error(
            `${user.name} was shown ${JSON.stringify(mark)} by ${verbs} with ${JSON.stringify(user.rules)}`,
          );
      for (const { what, namespace, name } of reached) {
        const verb = what === 'pods/exec' || what === 'pods/attach' ? 'create' : (verbsOfMethod[method]?.[0] ?? '');
        const asked = { group: '', resource: what, namespace };
        if (![name, `${name}:80`].some((each) => may([verb], { ...asked, name: each })))
          throw new Error(`${user.name} reached ${what} of ${namespace}/${name} by ${method}`);
      }
      shown += marks.length;
      behind += reached.length;
      if (answer.streamed) streams += 1;
      if (answer.status === 403) refused += 1;
    });
    const runs = fuzzRuns(4000);
    await fc.assert(property, { numRuns: runs });
    tried('requests whose answers were judged by name', runs);
    tried('objects that they showed', shown);
    // The test has seen all that it judges.
    expect(Math.min(shown, refused, streams, behind)).toBeGreaterThan(10);
  }, 600_000);
});

describe('a request that is authorized by one name', () => {
  const reader = { name: 'reader-of-x' };
  const secrets = '/api/v1/namespaces/a/secrets';
  const everything = ['get', 'list', 'watch', 'delete', 'deletecollection', 'patch', 'update'];

  beforeAll(async () => {
    reached = [];
    await grant('reader-of-x', reader.name, {
      namespace: 'a',
      verbs: everything,
      group: '',
      resources: ['secrets', 'pods', 'pods/proxy'],
      names: ['x'],
    });
    await grant('watcher', 'watcher', {
      namespace: 'a',
      verbs: ['watch', 'get'],
      group: '',
      resources: ['pods/proxy', 'pods'],
      names: [],
    });
    await grant('lister', 'lister', {
      namespace: '',
      verbs: ['list', 'watch'],
      group: 'metrics.k8s.io',
      resources: ['nodes', 'pods'],
      names: ['x'],
    });
  });

  it.each([
    `${secrets}/x?watch=true&fieldSelector=metadata.name!%3Dx`,
    `/api/v1/watch/namespaces/a/secrets/x?fieldSelector=metadata.name!%3Dx`,
    `/api/v1/watch/namespaces/a/secrets/x?fieldSelector=metadata.name%3Dy`,
    `${secrets}?watch=true&fieldSelector=metadata.name%3Dx`,
    `${secrets}?watch=true&fieldSelector=metadata.name%3Dx&fieldSelector=metadata.name%3Dy`,
    `${secrets}?fieldSelector=metadata.name%3Dx&fieldSelector=metadata.name!%3Dx`,
    `/api/v1/watch/namespaces/a/secrets/x`,
    `/api/v1/watch/namespaces/a/secrets?fieldSelector=metadata.name%3Dx`,
  ])('shows nothing else: %s', async (target) => {
    const { bytes, status } = await ask('GET', target, { as: reader }, touchAll);
    const names = new Set(marksIn(bytes).map(({ name }) => name));
    expect(names).toEqual(new Set(status === 200 ? ['x'] : []));
  });

  it('reaches nothing behind a path of watches', async () => {
    for (const method of ['POST', 'PUT', 'GET', 'DELETE', 'PATCH'])
      for (const as of [reader, { name: 'watcher' }, { name: 'admin', groups: ['system:masters'] }]) {
        reached = [];
        const { status } = await ask(method, '/api/v1/watch/namespaces/a/pods/x/proxy', { as }, touchAll);
        expect([403, 404]).toContain(status);
        expect(reached).toEqual([]);
      }
    for (const method of ['POST', 'DELETE', 'PUT']) {
      const admin = { as: { name: 'admin', groups: ['system:masters'] } };
      expect((await ask(method, '/api/v1/watch/namespaces/a/pods', admin, touchAll)).status).toBe(405);
    }
  });

  it('gets no right to nodes from one in a namespace', async () => {
    for (const resources of [['nodes/proxy'], ['nodes']])
      await grant(`of-a-namespace-${resources[0]?.replace('/', '-')}`, 'admin-of-a', {
        namespace: 'a',
        verbs: ['*'],
        group: '',
        resources,
        names: [],
      });
    await grant('of-a-namespace-metrics', 'admin-of-a', {
      namespace: 'a',
      verbs: ['*'],
      group: 'metrics.k8s.io',
      resources: ['nodes'],
      names: [],
    });
    for (const method of ['GET', 'POST'])
      for (const path of [
        'api/v1/namespaces/a/nodes/x/proxy/',
        'apis/metrics.k8s.io/v1beta1/namespaces/a/nodes',
        'api/v1/namespaces/a/nodes/x',
      ]) {
        reached = [];
        expect((await t.call(method, `/${path}`, { as: { name: 'admin-of-a' } })).status).toBe(404);
        expect(reached).toEqual([]);
      }
  });

  it('deletes nothing else', async () => {
    const many = await t.remove(`${secrets}?dryRun=All&fieldSelector=metadata.name%3Dx`, { as: reader });
    expect(many.status).toBe(403);
  });

  it('is shown no other usage in metrics.k8s.io', async () => {
    const at = { time: new Date().toISOString(), windowSeconds: 10, node: { cpu: 1, memory: 1 }, pods: [] };
    const node = (name: string) => t.post(`/apis/agent.zeroplane.dev/v1/nodes/${name}/report`, { usage: at });
    for (const name of plainNames) expect((await node(name)).status).toBe(200);
    const target = '/apis/metrics.k8s.io/v1beta1/nodes';
    expect((await t.get(target, { as: { name: 'lister' } })).status).toBe(403);
    const one = await t.get(`${target}?fieldSelector=metadata.name%3Dx`, { as: { name: 'lister' } });
    expect(one.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['x']);
    expect((await t.get(target)).body.items).toHaveLength(plainNames.length);
  });
});
