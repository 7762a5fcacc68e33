// Every route of discovery that writes or connects leads past admission: each resource and each subresource, by each of its verbs, meets a
// webhook and a policy that refuse all, but for what Kubernetes exempts.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceDefinition, Subresource } from '../../core/api/definition.ts';
import { bodyOf } from '../../core/api/subresource-body.ts';
import type { KubeObject } from '../../core/machinery/object.ts';
import type { Schema } from '../../core/machinery/schema.ts';
import { encodeObject } from '../../core/store/encode-object.ts';
import { tried } from '../../test/tools/tried.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from './testing/webhook-server.ts';

let t: TestApi;
let routes: Route[];

interface Route {
  readonly definition: ResourceDefinition;
  readonly subresource: Subresource | undefined;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly verb: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** What reached the streams of pods. */
const streamed: string[] = [];

beforeAll(async () => {
  const nowhere = () => Promise.reject(new Error('no node is there'));
  t = await openTestApi({
    streams: {
      async respond({ kind, query }) {
        streamed.push(`${kind} ${query}`);
        return { status: 200, headers: {} };
      },
      upgrade: nowhere,
      connect: nowhere,
      connectNode: nowhere,
      accept: nowhere,
    },
  });
  await t.namespace('a');
  for (const each of t.definitions.all()) if (each.type !== 'namespaces') await store(each);
  routes = [...everyRoute()];
});

afterAll(async () => {
  await t.close();
});

/** An object of each type, put there around the registry: it only has to be found. */
async function store(definition: ResourceDefinition): Promise<void> {
  const stored = t.definitions.ofType(definition.type) ?? definition;
  const object = objectOf(stored);
  object.metadata.uid = '00000000-0000-4000-8000-000000000000';
  object.metadata.creationTimestamp = '2026-01-02T03:04:05Z';
  if (definition.type === 'pods') object['spec'] = { ...Object(object['spec']), nodeName: 'n' };
  const name = definition.namespaced ? 'a/x' : 'x';
  const put = { op: 'put', type: definition.type, name, expect: 'any', value: encodeObject(object) } as const;
  const [committed] = await t.store.commit([put]);
  revisions.set(definition.type, String(committed?.revision));
}

/** Some updates must name the revision that they are of. */
const revisions = new Map<string, string>();

function* everyRoute(): Iterable<Route> {
  for (const definition of t.definitions.all()) {
    const { group, version, resource, namespaced, verbs } = definition;
    const collection = `${group ? `/apis/${group}` : '/api'}/${version}${namespaced ? '/namespaces/a' : ''}/${resource}`;
    const path = `${collection}/${definition.type === 'namespaces' ? 'a' : 'x'}`;
    const route = { definition, subresource: undefined };
    if (verbs.includes('create'))
      yield {
        ...route,
        operation: 'CREATE',
        verb: 'create',
        method: 'POST',
        path: collection,
        body: objectOf(definition, 'new'),
      };
    if (verbs.includes('update'))
      yield { ...route, operation: 'UPDATE', verb: 'update', method: 'PUT', path, body: objectOf(definition) };
    if (verbs.includes('patch')) yield { ...route, ...patchOf(definition), path };
    if (verbs.includes('delete')) yield { ...route, operation: 'DELETE', verb: 'delete', method: 'DELETE', path };
    if (verbs.includes('deletecollection') && definition.type !== 'namespaces')
      yield { ...route, operation: 'DELETE', verb: 'deletecollection', method: 'DELETE', path: collection };
    for (const subresource of definition.subresources) {
      const below = { definition, subresource, path: `${path}/${subresource.name}` };
      const connects = subresource.model === undefined && subresource.name !== 'log' && subresource.name !== 'status';
      for (const verb of subresource.verbs) {
        const method = methods[verb];
        if (method === undefined) throw new Error(`no method for ${verb}`);
        if (connects) {
          const connected = subresource.name === 'proxy' ? { ...below, path: `${below.path}/some/where` } : below;
          yield { ...connected, operation: 'CONNECT', verb, method };
        } else if (verb === 'create') {
          yield { ...below, operation: 'CREATE', verb, method, body: bodyFor(definition, subresource) };
        } else if (verb === 'update') {
          yield { ...below, operation: 'UPDATE', verb, method, body: bodyFor(definition, subresource) };
        } else if (verb === 'patch') yield { ...below, ...patchOf(definition) };
      }
    }
  }
}

const methods: Readonly<Record<string, string>> = {
  create: 'POST',
  delete: 'DELETE',
  get: 'GET',
  patch: 'PATCH',
  update: 'PUT',
};

function patchOf({ customResource }: ResourceDefinition) {
  expect(customResource).toBeUndefined();
  return {
    operation: 'UPDATE',
    verb: 'patch',
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: { changed: 'yes' } } },
  } as const;
}

function bodyFor(definition: ResourceDefinition, { name }: Subresource): KubeObject {
  const { group, version, kind, schema } = bodyOf(definition, name);
  return objectOf({ ...definition, group, version, kind, schema });
}

function objectOf({ group, version, kind, schema, namespaced, type }: ResourceDefinition, name = 'x'): KubeObject {
  const own = type === 'namespaces' && name === 'x' ? 'a' : name;
  return {
    ...(least(schema) as object),
    apiVersion: group ? `${group}/${version}` : version,
    kind,
    metadata: {
      name: own,
      ...(namespaced && { namespace: 'a' }),
      ...(name === 'x' && revisions.has(type) && { resourceVersion: revisions.get(type) ?? '' }),
    },
  };
}

/** The least that has the structure of a schema: what is required, as zeros. */
function least(schema: Schema | undefined): unknown {
  if (schema?.enum) return schema.enum[0];
  if (schema?.format === 'quantity') return '1';
  if (schema?.format?.includes('time')) return '2026-01-02T03:04:05Z';
  if (schema?.['x-kubernetes-int-or-string']) return 1;
  switch (schema?.type) {
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((field) => [field, least(schema.properties?.[field])]));
    case 'array':
      return [];
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 1;
    default:
      return {};
  }
}

function nameOf({ definition: { group, version, resource }, subresource, verb }: Route): string {
  return `${verb} ${group}/${version}/${resource}${subresource ? `/${subresource.name}` : ''}`;
}

async function go({ method, path, headers, body }: Route) {
  return await t.call(method, path, { ...(headers && { headers }), ...(body !== undefined && { body }) });
}

const everything = { apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], scope: '*' };

const configurations = [
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
].map((each) => `admissionregistration.k8s.io/${each}`);

const reviews = [
  'authentication.k8s.io/selfsubjectreviews',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/subjectaccessreviews',
];

/** What none of them refused, without those that are exempt; and the exempt ones that were refused. */
async function unrefused(among: readonly Route[], exempt: readonly string[], words: string) {
  const found: string[] = [];
  for (const route of among) {
    const { status, text } = await go({
      ...route,
      path: `${route.path}${route.operation === 'CONNECT' ? '' : '?dryRun=All'}`,
    });
    const refused = status >= 400 && text.includes(words);
    if (refused === exempt.includes(route.definition.type))
      found.push(`${nameOf(route)}: ${status} ${text.slice(0, 300)}`);
  }
  return found;
}

describe('with a webhook that refuses all', () => {
  let webhook: WebhookServer;

  beforeAll(async () => {
    webhook = await openWebhook(() => ({ allowed: false, status: { message: 'nothing passes' } }));
    await t.post('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: 'all' },
      webhooks: [
        {
          name: 'all.example.com',
          clientConfig: { url: webhook.url, caBundle: webhook.caBundle },
          rules: [{ ...everything, operations: ['*'] }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
  });

  afterAll(async () => {
    await t.remove('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/all');
    await webhook.close();
  });

  it('every route meets it, but those of admission itself', { timeout: 240_000 }, async () => {
    expect(routes.length).toBeGreaterThan(300);
    expect(await unrefused(routes, configurations, 'nothing passes')).toEqual([]);
    tried('routes of discovery past a webhook', routes.length);
  });

  it('shows it the operation, the object and its names', { timeout: 240_000 }, async () => {
    for (const route of routes.filter(({ definition }) => !configurations.includes(definition.type))) {
      webhook.requests.length = 0;
      await go(route);
      const { definition, subresource, operation } = route;
      const { group, version, resource, namespaced } = definition;
      // The cluster writes meanwhile, too.
      const seen = webhook.requests as { request: ReturnType<typeof JSON.parse> }[];
      const request = seen.map((review) => review.request).find(({ userInfo }) => userInfo.username === 'admin');
      const kind = subresource ? { group, version, ...subresource } : definition;
      expect(request, nameOf(route)).toMatchObject({
        operation,
        resource: { group, version, resource },
        kind: { group: kind.group ?? group, version: kind.version ?? version, kind: kind.kind },
        ...(subresource && { subResource: subresource.name }),
        ...(namespaced && { namespace: 'a' }),
        userInfo: { username: 'admin' },
        dryRun: false,
        ...(operation !== 'CONNECT' && { options: { apiVersion: 'meta.k8s.io/v1' } }),
      });
      if (operation === 'DELETE') expect(request.object, nameOf(route)).toBeNull();
      else expect(request.object, nameOf(route)).toMatchObject({ kind: kind.kind });
      const compares = operation === 'UPDATE' || operation === 'DELETE';
      if (compares) expect(request.oldObject, nameOf(route)).toMatchObject({ kind: kind.kind });
      else expect(request.oldObject, nameOf(route)).toBeNull();
      if (operation === 'CONNECT') expect(request.object.metadata, nameOf(route)).toBeUndefined();
    }
  });
});

describe('with a policy that refuses all', () => {
  const path = '/apis/admissionregistration.k8s.io/v1';

  async function withPolicy(kind: 'Mutating' | 'Validating', spec: object, work: () => Promise<void>): Promise<void> {
    const [policies, bindings] = [
      `${kind.toLowerCase()}admissionpolicies`,
      `${kind.toLowerCase()}admissionpolicybindings`,
    ];
    const binding = { policyName: 'all', ...(kind === 'Validating' && { validationActions: ['Deny'] }) };
    expect(await t.post(`${path}/${policies}`, { metadata: { name: 'all' }, spec })).toMatchObject({ status: 201 });
    expect(await t.post(`${path}/${bindings}`, { metadata: { name: 'all' }, spec: binding })).toMatchObject({
      status: 201,
    });
    try {
      await work();
    } finally {
      await t.remove(`${path}/${bindings}/all`);
      await t.remove(`${path}/${policies}/all`);
    }
  }

  it('every route that a mutating one may see meets it, but reviews and admission', { timeout: 240_000 }, async () => {
    const spec = {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: { resourceRules: [{ ...everything, operations: ['*'] }] },
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/no"}]' } }],
    };
    const seen = routes.filter(({ operation }) => operation !== 'DELETE');
    await withPolicy('Mutating', spec, async () => {
      expect(await unrefused(seen, [...configurations, ...reviews], "policy 'all' with binding")).toEqual([]);
    });
    tried('routes of discovery past a policy', seen.length);
  });

  it('every deletion, connection and request without an object meets a validating one', {
    timeout: 240_000,
  }, async () => {
    const spec = {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [{ ...everything, operations: ['*'] }] },
      validations: [{ expression: 'false', message: 'nothing passes' }],
    };
    // What is stored was put there without regard for its own rules, which come before those of policies.
    const seen = routes.filter(
      ({ operation, subresource, definition }) =>
        operation === 'DELETE' ||
        operation === 'CONNECT' ||
        (operation === 'CREATE' && (subresource !== undefined || !definition.verbs.includes('list'))),
    );
    await withPolicy('Validating', spec, async () => {
      expect(await unrefused(seen, [...configurations, ...reviews], 'nothing passes')).toEqual([]);
    });
    tried('routes of discovery past a policy', seen.length);
  });
});

describe('a mutating webhook', () => {
  let patches: Record<string, object[]>;
  let webhook: WebhookServer;

  beforeAll(async () => {
    patches = {};
    webhook = await openWebhook(({ subResource }) => {
      const patch = patches[subResource];
      if (!patch) return { allowed: true };
      return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
    });
    await t.post('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      metadata: { name: 'some' },
      webhooks: [
        {
          name: 'some.example.com',
          clientConfig: { url: webhook.url, caBundle: webhook.caBundle },
          rules: [{ ...everything, operations: ['*'] }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
    await t.namespace('m');
  });

  afterAll(async () => {
    await t.remove('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/some');
    await webhook.close();
  });

  const m = (path: string) => `/api/v1/namespaces/m/${path}`;
  const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });

  it('changes a binding, an eviction, a token and a scale, and no more than that', async () => {
    await t.post(m('pods'), pod('p'));
    patches['binding'] = [{ op: 'add', path: '/metadata/annotations', value: { by: 'webhook' } }];
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };
    expect(await t.post(m('pods/p/binding'), binding)).toMatchObject({ status: 201 });
    expect((await t.get(m('pods/p'))).body).toMatchObject({
      metadata: { annotations: { by: 'webhook' } },
      spec: { nodeName: 'n', containers: [{ name: 'c' }] },
    });

    patches['eviction'] = [{ op: 'add', path: '/deleteOptions', value: { gracePeriodSeconds: 7 } }];
    expect(await t.post(m('pods/p/eviction'), { metadata: { name: 'p' } })).toMatchObject({ status: 201 });
    expect((await t.get(m('pods/p'))).body.metadata.deletionGracePeriodSeconds).toBe(7);

    await t.post(m('serviceaccounts'), { metadata: { name: 's' } });
    patches['token'] = [{ op: 'replace', path: '/spec/expirationSeconds', value: 1200 }];
    const token = { spec: { expirationSeconds: 7200, audiences: ['a'] } };
    expect((await t.post(m('serviceaccounts/s/token'), token)).body.spec.expirationSeconds).toBe(1200);
    // What it makes is checked as what a client sends.
    patches['token'] = [{ op: 'replace', path: '/spec/expirationSeconds', value: 1 }];
    expect(await t.post(m('serviceaccounts/s/token'), token)).toMatchObject({ status: 422 });
    patches['token'] = [{ op: 'replace', path: '/spec/expirationSeconds', value: 'soon' }];
    expect(await t.post(m('serviceaccounts/s/token'), token)).toMatchObject({ status: 500 });

    const template = { metadata: { labels: { app: 'a' } }, spec: pod('p').spec };
    const deployments = '/apis/apps/v1/namespaces/m/deployments';
    await t.post(deployments, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'a' } }, template } });
    patches['scale'] = [{ op: 'replace', path: '/spec/replicas', value: 2 }];
    const scale = { metadata: { name: 'd' }, spec: { replicas: 9 } };
    expect((await t.put(`${deployments}/d/scale`, scale)).body).toMatchObject({ kind: 'Scale', spec: { replicas: 2 } });
    expect((await t.get(`${deployments}/d`)).body).toMatchObject({
      kind: 'Deployment',
      spec: { replicas: 2, selector: { matchLabels: { app: 'a' } } },
    });
    tried('objects of requests that a webhook changes', 6);
  });

  it('changes what is run, which is then what runs, and nothing that it did not see', async () => {
    const path = '/api/v1/namespaces/a/pods/x/exec?command=sh&command=-c&container=c&stdin=true&timeout=9';
    streamed.length = 0;
    delete patches['exec'];
    expect(await t.post(path, undefined)).toMatchObject({ status: 200 });
    patches['exec'] = [
      { op: 'replace', path: '/command', value: ['true'] },
      { op: 'remove', path: '/stdin' },
    ];
    expect(await t.post(path, undefined)).toMatchObject({ status: 200 });
    expect(streamed).toEqual(['exec stdin=true&container=c&command=sh&command=-c', 'exec container=c&command=true']);
    tried('objects of requests that a webhook changes', 2);
  });
});
