// What a mutating webhook or policy may make of a request: the fields that its user could have sent, and not another object, another life of it,
// or a part that the request does not reach. A webhook is a server that somebody may have taken over.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from './testing/webhook-server.ts';

type Operation = { readonly op: string; readonly path: string; readonly value?: unknown };

let t: TestApi;
let webhook: WebhookServer;
let patch: readonly Operation[] = [];
const registration = '/apis/admissionregistration.k8s.io/v1';
const maps = '/api/v1/namespaces/a/configmaps';
const deployments = '/apis/apps/v1/namespaces/a/deployments';
const rule = { apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], operations: ['CREATE', 'UPDATE'] };

beforeAll(async () => {
  t = await openTestApi();
  for (const each of ['a', 'b']) await t.namespace(each);
  webhook = await openWebhook(({ namespace }) => ({
    allowed: true,
    ...(namespace === 'a' &&
      patch.length > 0 && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
  }));
  const clientConfig = { url: webhook.url, caBundle: webhook.caBundle };
  const { status } = await t.post(`${registration}/mutatingwebhookconfigurations`, {
    metadata: { name: 'hostile' },
    webhooks: [
      {
        name: 'hostile.example.com',
        ...{ clientConfig, rules: [rule], sideEffects: 'None', admissionReviewVersions: ['v1'] },
      },
    ],
  });
  expect(status).toBe(201);
});
afterAll(async () => {
  await t.close();
  await webhook.close();
});
beforeEach(() => {
  patch = [];
});

let made = 0;
const newName = () => `n${made++}`;
const add = (path: string, value: unknown): Operation => ({ op: 'add', path, value });
const configMap = (name: string, data = {}) => ({ metadata: { name }, data });
const template = { metadata: { labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const deployment = (name: string, replicas: number) => ({
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { x: 'y' } }, template },
});

/** The objects under a prefix, as what they are stored and what they say. */
async function allSayWhatTheyAre(): Promise<void> {
  for (const [type, kind] of [
    ['configmaps', 'ConfigMap'],
    ['pods', 'Pod'],
  ] as const)
    for (const { name, value } of (await t.store.list(type)).items) {
      const { kind: said, metadata } = JSON.parse(Buffer.from(value as Uint8Array).toString());
      expect(`${said} ${metadata.namespace}/${metadata.name}`).toBe(`${kind} ${name}`);
    }
}

describe.each([
  ['the name', [add('/metadata/name', 'other')]],
  ['the namespace', [add('/metadata/namespace', 'b')]],
  ['no namespace', [{ op: 'remove', path: '/metadata/namespace' }]],
  ['the kind', [add('/kind', 'Secret')]],
  ['the version', [add('/apiVersion', 'v2')]],
] as const)('another identity: %s', (_, hostile) => {
  it('is refused for objects, and for what is asked of them', async () => {
    const name = newName();
    await t.post(maps, configMap(name));
    const pod = { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await t.post('/api/v1/namespaces/a/pods', pod);
    patch = hostile;
    const asked = [
      t.post(maps, configMap(newName())),
      t.put(`${maps}/${name}`, configMap(name, { k: 'v' })),
      t.patch(`${maps}/${newName()}?fieldManager=x`, 'application/apply-patch+yaml', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
      }),
      t.post('/api/v1/namespaces/a/pods', { ...pod, metadata: { name: newName() } }),
      t.post(`/api/v1/namespaces/a/pods/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: 'a' },
      }),
      t.post(`/api/v1/namespaces/a/pods/${name}/binding`, {
        metadata: { name, namespace: 'a' },
        target: { kind: 'Node', name: 'n' },
      }),
    ];
    for (const answer of await Promise.all(asked)) expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
    patch = [];
    await allSayWhatTheyAre();
    expect((await t.get('/api/v1/namespaces/b/configmaps')).body.items).toEqual([]);
    tried('mutation into another object', asked.length);
  });
});

it("leaves the server's own fields as they are", async () => {
  patch = [
    add('/metadata/uid', '11111111-1111-4111-8111-111111111111'),
    add('/metadata/creationTimestamp', '1999-01-01T00:00:00Z'),
    add('/metadata/deletionTimestamp', '1999-01-01T00:00:00Z'),
    add('/metadata/deletionGracePeriodSeconds', 5),
    add('/metadata/generation', 99),
    add('/metadata/resourceVersion', '7'),
    add('/metadata/labels', { seen: 'yes' }),
  ];
  const name = newName();
  for (const [path, body] of [
    [maps, configMap(name)],
    [deployments, deployment(name, 1)],
  ] as const) {
    const { status, body: created } = await t.post(path, body);
    expect(status).toBe(201);
    const { uid, creationTimestamp, generation = 1, labels, ...rest } = created.metadata;
    expect(uid).not.toContain('1111-4111');
    expect(creationTimestamp).not.toContain('1999');
    expect({ generation, labels }).toEqual({ generation: 1, labels: { seen: 'yes' } });
    expect(rest).not.toHaveProperty('deletionTimestamp');
    expect(rest).not.toHaveProperty('deletionGracePeriodSeconds');
  }
  patch = [add('/metadata/generation', 99)];
  expect((await t.put(`${maps}/${name}`, configMap(name, { k: 'v' }))).body.metadata.generation).toBeUndefined();
  expect((await t.put(`${deployments}/${name}`, deployment(name, 2))).body.metadata.generation).toBe(2);
  tried('mutation of fields of the server', 4);
});

it('reaches no further than the request: no status with a spec, no spec with a status', async () => {
  const name = newName();
  patch = [add('/status', { replicas: 7 })];
  expect((await t.post(deployments, deployment(name, 1))).body.status?.replicas).toBeUndefined();
  expect((await t.put(`${deployments}/${name}`, deployment(name, 2))).body.status?.replicas).toBeUndefined();
  patch = [add('/spec/replicas', 40), add('/metadata/finalizers', ['example.com/held'])];
  const { status, body } = await t.put(`${deployments}/${name}/status`, {
    ...deployment(name, 2),
    status: { replicas: 1 },
  });
  expect(status).toBe(200);
  expect({ wanted: body.spec.replicas, is: body.status.replicas }).toEqual({ wanted: 2, is: 1 });
  expect(body.metadata.finalizers).toBeUndefined();
  tried('mutation beyond the request', 3);
});

it('holds for policies, too', async () => {
  const metadata = { name: 'hostile' };
  const matchConstraints = { resourceRules: [{ ...rule, resources: ['configmaps'] }] };
  const expression = `[JSONPatch{op: "replace", path: "/metadata/namespace", value: "b"}]`;
  const spec = {
    matchConstraints,
    reinvocationPolicy: 'Never',
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
  };
  const made = await t.post(`${registration}/mutatingadmissionpolicies`, { metadata, spec });
  expect(made.status, made.text).toBe(201);
  await t.post(`${registration}/mutatingadmissionpolicybindings`, { metadata, spec: { policyName: 'hostile' } });
  const { status, text } = await t.post(maps, configMap(newName()));
  expect(status, text).toBe(500);
  expect(text).toContain('metadata.namespace may not be changed');
  await t.remove(`${registration}/mutatingadmissionpolicybindings/hostile`);
  await allSayWhatTheyAre();
});
