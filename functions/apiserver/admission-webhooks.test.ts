import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookups } from '../../core/registry/lookup.ts';
import { reachEndpoints } from '../../core/registry/reach.ts';
import { createWebhookCaller, type WebhookCaller } from '../../core/registry/webhooks/caller.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from './testing/webhook-server.ts';

let t: TestApi;
let hooks: WebhookServer[];
let dialed: number;

beforeEach(async () => {
  hooks = [];
  const direct = reachEndpoints();
  const call: WebhookCaller = (...given) =>
    createWebhookCaller({
      ...lookups(t.store, t.replicas),
      random: Math.random,
      reach: (endpoint) => direct({ ...endpoint, host: '127.0.0.1', port: dialed }),
    })(...given);
  t = await openTestApi({}, { callWebhook: call });
  await t.namespace('default');
});

afterEach(async () => {
  for (const each of hooks) await each.close();
  await t.close();
});

const group = '/apis/admissionregistration.k8s.io/v1';
const configmaps = '/api/v1/namespaces/default/configmaps';
const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['configmaps'] }];
const merge = 'application/merge-patch+json';

type Review = ReturnType<typeof JSON.parse>;

async function open(answer: (request: Review) => unknown, serverName?: string) {
  const hook = await openWebhook(answer, serverName);
  hooks.push(hook);
  return hook;
}

async function configure(
  kind: 'Mutating' | 'Validating',
  hook: WebhookServer,
  more: object = {},
  name = 'hook.example.com',
) {
  const path = `${group}/${kind.toLowerCase()}webhookconfigurations`;
  const webhook = {
    name,
    clientConfig: { url: hook.url, caBundle: hook.caBundle },
    rules,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  };
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: [webhook],
  };
  const answer = await t.post(path, body);
  const replica = await t.replicas.of(`admissionregistration.k8s.io/${kind.toLowerCase()}webhookconfigurations`);
  await replica.catchUp();
  return answer;
}

const allow = () => ({ allowed: true });
const jsonPatch = (patch: unknown) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
});
const add = (key: string, value: string) => jsonPatch([{ op: 'add', path: `/data/${key}`, value }]);
const configMap = (name: string, more: object = {}) => ({ metadata: { name }, data: { own: 'x' }, ...more });

describe('a validating webhook', () => {
  it('sees the request and may refuse it with its own reason', async () => {
    const hook = await open(({ object }) =>
      object?.data?.bad
        ? { allowed: false, status: { message: 'bad data', code: 403 } }
        : { allowed: true, warnings: ['careful'] },
    );
    expect(await configure('Validating', hook)).toMatchObject({
      status: 201,
      body: { webhooks: [{ timeoutSeconds: 10, failurePolicy: 'Fail', matchPolicy: 'Equivalent' }] },
    });
    const made = await t.post(configmaps, configMap('a'));
    expect(made.status).toBe(201);
    expect(made.headers['warning']).toEqual(['299 - "careful"']);
    expect(hook.requests[0]).toMatchObject({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'a',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'admin', groups: expect.arrayContaining(['system:masters']) },
        object: { data: { own: 'x' } },
        oldObject: null,
        dryRun: false,
      },
    });
    const refused = await t.patch(`${configmaps}/a`, merge, { data: { bad: '1' } });
    expect(refused).toMatchObject({
      status: 403,
      body: { reason: 'Forbidden', message: 'admission webhook "hook.example.com" denied the request: bad data' },
    });
    expect(hook.requests.at(-1).request).toMatchObject({ operation: 'UPDATE', oldObject: { data: { own: 'x' } } });
    await t.remove(`${configmaps}/a`);
    expect(hook.requests.at(-1).request).toMatchObject({
      operation: 'DELETE',
      object: null,
      oldObject: { metadata: { name: 'a' } },
    });
  });

  it('is asked in the version that it reads, and may answer as it was used to', async () => {
    const hook = await open(() => ({ uid: '', ...add('seen', 'yes'), patchType: undefined }));
    await configure('Mutating', hook, { admissionReviewVersions: ['v1beta1', 'v1'] });
    expect(await t.post(configmaps, configMap('old'))).toMatchObject({ status: 201, body: { data: { seen: 'yes' } } });
    expect(hook.requests[0].apiVersion).toBe('admission.k8s.io/v1beta1');
  });

  it('is asked only about what its rules, selectors and conditions mean', async () => {
    const hook = await open(() => ({ allowed: false }));
    await configure('Validating', hook, {
      objectSelector: { matchLabels: { checked: 'yes' } },
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['free'] }],
      },
      matchConditions: [{ name: 'not-skip', expression: 'object.metadata.name != "skip-me"' }],
    });
    await t.namespace('free');
    const labels = { checked: 'yes' };
    expect(await t.post(configmaps, configMap('plain'))).toMatchObject({ status: 201 });
    expect(await t.post(configmaps, { metadata: { name: 'skip-me', labels } })).toMatchObject({ status: 201 });
    expect(await t.post('/api/v1/namespaces/free/configmaps', { metadata: { name: 'a', labels } })).toMatchObject({
      status: 201,
    });
    expect(await t.post('/api/v1/namespaces/default/secrets', { metadata: { name: 'a', labels } })).toMatchObject({
      status: 201,
    });
    expect(await t.post(configmaps, { metadata: { name: 'a', labels } })).toMatchObject({
      status: 403,
      body: { message: 'admission webhook "hook.example.com" denied the request without explanation' },
    });
  });

  it('may name the namespace of policies in its conditions, which is null there', async () => {
    const hook = await open(() => ({ allowed: false }));
    await configure('Validating', hook, {
      matchConditions: [
        { name: 'without', expression: 'namespaceObject != null && namespaceObject.metadata.name != ""' },
      ],
    });
    expect(await t.post(configmaps, configMap('a'))).toMatchObject({ status: 201 });
    const reads = { matchConditions: [{ name: 'read', expression: 'namespaceObject.metadata.name == "default"' }] };
    expect(await configure('Validating', hook, reads, 'other.example.com')).toMatchObject({ status: 201 });
    expect(await t.post(configmaps, configMap('b'))).toMatchObject({ status: 403 });
  });

  it('is not asked about whom its match conditions trust', async () => {
    const hook = await open(() => ({ allowed: false }));
    await configure('Validating', hook, {
      matchConditions: [{ name: 'untrusted', expression: '!authorizer.requestResource.check("bypass").allowed()' }],
    });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [{ verbs: ['create'], apiGroups: [''], resources: ['configmaps'] }];
    await t.post(`${rbac}/clusterroles`, { metadata: { name: 'writer' }, rules });
    await t.post(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'writer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writer' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
    });
    expect(await t.post(configmaps, configMap('by-admin'))).toMatchObject({ status: 201 });
    expect(await t.post(configmaps, configMap('by-eve'), { as: { name: 'eve' } })).toMatchObject({ status: 403 });
  });

  it('fails closed or open as its policy says, within its time', async () => {
    const hook = await open(() => new Promise(() => {}));
    await configure('Validating', hook, { timeoutSeconds: 1 });
    expect(await t.post(configmaps, configMap('a'))).toMatchObject({
      status: 500,
      body: {
        message: expect.stringContaining(
          `failed calling webhook "hook.example.com": failed to call webhook: Post "${hook.url}/?timeout=1s": context deadline exceeded`,
        ),
      },
    });
    await t.patch(`${group}/validatingwebhookconfigurations/hook.example.com`, 'application/json-patch+json', [
      { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' },
    ]);
    await (await t.replicas.of('admissionregistration.k8s.io/validatingwebhookconfigurations')).catchUp();
    expect(await t.post(configmaps, configMap('a'))).toMatchObject({ status: 201 });
  });

  it('never stands in the way of the objects that configure it', async () => {
    const hook = await open(() => ({ allowed: false }));
    await configure('Validating', hook, {
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }],
    });
    expect(await t.post(configmaps, configMap('a'))).toMatchObject({ status: 403 });
    expect(await t.remove(`${group}/validatingwebhookconfigurations/hook.example.com`)).toMatchObject({ status: 200 });
  });

  it('behind a Service is reached at one of its endpoints, under the name of the Service', async () => {
    const hook = await open(() => ({ allowed: false, status: { message: 'no' } }), 'checks.default.svc');
    const service = { metadata: { name: 'checks' }, spec: { ports: [{ name: 'https', port: 443, targetPort: 8443 }] } };
    await t.post('/api/v1/namespaces/default/services', service);
    const clientConfig = { service: { namespace: 'default', name: 'checks' }, caBundle: hook.caBundle };
    await configure('Validating', hook, { clientConfig });
    expect(await t.post(configmaps, configMap('a'))).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('no endpoints available for service "checks"') },
    });
    await t.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'checks-1', labels: { 'kubernetes.io/service-name': 'checks' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: 8443 }],
      endpoints: [{ addresses: ['10.1.2.3'] }],
    });
    await (await t.replicas.of('discovery.k8s.io/endpointslices')).catchUp();
    dialed = hook.port;
    expect(await t.post(configmaps, configMap('a'))).toMatchObject({ status: 403 });
  });

  it('with side effects is not asked about a dry run', async () => {
    const hook = await open(allow);
    await configure('Validating', hook, { sideEffects: 'NoneOnDryRun' });
    expect(await t.post(`${configmaps}?dryRun=All`, configMap('a'))).toMatchObject({ status: 201 });
    expect(hook.requests[0].request.dryRun).toBe(true);
  });
});

describe('mutating webhooks', () => {
  it('change an object in the order of their names, and what they leave out is defaulted', async () => {
    const first = await open(() => add('first', 'yes'));
    const second = await open(({ object }) => add('second', object.data.first ?? 'no'));
    await configure('Mutating', second, {}, 'b.example.com');
    await configure('Mutating', first, {}, 'a.example.com');
    expect((await t.post(configmaps, configMap('a'))).body.data).toEqual({ own: 'x', first: 'yes', second: 'yes' });
    const container = await open(() =>
      jsonPatch([{ op: 'add', path: '/spec/initContainers', value: [{ name: 'made', image: 'busybox' }] }]),
    );
    const pods = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }];
    await configure('Mutating', container, { rules: pods }, 'c.example.com');
    await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    const pod = await t.post('/api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'busybox' }] },
    });
    expect(pod.body.spec.initContainers).toMatchObject([
      { name: 'made', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' },
    ]);
  });

  it('see an object again where a later one changed it and they ask for that', async () => {
    const early = await open(({ object }) => add('saw', object.data.late ?? 'nothing'));
    const once = await open(({ object }) => add('once', object.data.late ?? 'nothing'));
    const late = await open(() => add('late', 'yes'));
    await configure('Mutating', early, { reinvocationPolicy: 'IfNeeded' }, 'a.example.com');
    await configure('Mutating', once, {}, 'b.example.com');
    await configure('Mutating', late, {}, 'c.example.com');
    expect((await t.post(configmaps, configMap('a'))).body.data).toMatchObject({
      saw: 'yes',
      once: 'nothing',
      late: 'yes',
    });
    expect(late.requests).toHaveLength(1);
  });

  it('that make an object invalid, or send no patch, are named', async () => {
    const hook = await open(() => jsonPatch([{ op: 'add', path: '/data', value: 5 }]));
    await configure('Mutating', hook);
    expect(await t.post(configmaps, configMap('a'))).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('admission webhook "hook.example.com"') },
    });
  });

  it('change custom resources, whose unknown fields are pruned again', async () => {
    const hook = await open(() => jsonPatch([{ op: 'add', path: '/spec', value: { known: 'a', unknown: 'b' } }]));
    await configure('Mutating', hook, {
      rules: [{ operations: ['*'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['widgets'] }],
    });
    const openAPIV3Schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { known: { type: 'string', maxLength: 3 } } } },
    };
    const version = (name: string, storage: boolean) => ({ name, served: true, storage, schema: { openAPIV3Schema } });
    await t.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [version('v1', true), version('v2', false)],
      },
    });
    await expect.poll(() => t.definitions.find('example.com', 'v2', 'widgets')).toBeDefined();
    expect(
      (await t.post('/apis/example.com/v1/namespaces/default/widgets', { metadata: { name: 'a' } })).body.spec,
    ).toEqual({ known: 'a' });
    // A rule about one version means the others too (matchPolicy Equivalent), and sees objects in the version that it names.
    expect(
      (await t.post('/apis/example.com/v2/namespaces/default/widgets', { metadata: { name: 'b' } })).body,
    ).toMatchObject({ apiVersion: 'example.com/v2', spec: { known: 'a' } });
    expect(hook.requests.at(-1).request).toMatchObject({
      resource: { version: 'v1' },
      requestResource: { version: 'v2' },
      object: { apiVersion: 'example.com/v1' },
    });
  });
});

describe('a webhook configuration', () => {
  it.each([
    [{ name: 'short' }, 'webhooks[0].name'],
    [{ sideEffects: 'Some' }, 'webhooks[0].sideEffects'],
    [{ admissionReviewVersions: ['v9'] }, 'webhooks[0].admissionReviewVersions'],
    [{ timeoutSeconds: 31 }, 'webhooks[0].timeoutSeconds'],
    [{ clientConfig: { url: 'http://x' } }, 'webhooks[0].clientConfig.url'],
    [{ clientConfig: {} }, 'webhooks[0].clientConfig'],
    [
      { rules: [{ operations: ['EAT'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] },
      'webhooks[0].rules[0].operations[0]',
    ],
    [{ matchConditions: [{ name: 'a', expression: '...' }] }, 'webhooks[0].matchConditions[0].expression'],
    [{ matchConditions: [{ name: 'a', expression: 'nothing.there' }] }, 'webhooks[0].matchConditions[0].expression'],
  ])('is refused with the field that is wrong: %j', async (more, field) => {
    const hook = await open(allow);
    const answer = await configure('Validating', hook, more);
    expect(answer.status).toBe(422);
    expect(answer.body.details.causes.map((each: { field: string }) => each.field)).toContain(field);
  });
});
