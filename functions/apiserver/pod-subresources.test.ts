// What the subresources of pods take and refuse. Source: pkg/apis/core/validation (allowedEphemeralContainerFields, ValidateHostSysctl),
// pkg/registry/core/pod/storage (assignPod, EvictionREST.AcceptsGroupVersion).

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
const pods = '/api/v1/namespaces/default/pods';
const strategic = 'application/strategic-merge-patch+json';

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  await t.post(pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
});

afterAll(async () => {
  await t.close();
});

describe('an ephemeral container', () => {
  const add = (fields: object) =>
    t.patch(`${pods}/p/ephemeralcontainers?dryRun=All`, strategic, {
      spec: { ephemeralContainers: [{ name: 'e', image: 'i', ...fields }] },
    });

  it.each([
    ['ports', [{ containerPort: 1 }]],
    ['resources', { limits: { cpu: '1' } }],
    ['resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }]],
    ['restartPolicy', 'Always'],
    ['livenessProbe', { exec: { command: ['a'] } }],
    ['lifecycle', { preStop: { exec: { command: ['a'] } } }],
  ])('has no %s', async (field, value) => {
    const { status, body } = await add({ [field]: value });
    expect([status, body.message]).toEqual([
      422,
      `Pod "p" is invalid: spec.ephemeralContainers[0].${field}: Forbidden: cannot be set for an Ephemeral Container`,
    ]);
  });

  it('may say that it has none', async () => {
    expect((await add({ ports: [], resources: {}, restartPolicyRules: [] })).status).toBe(200);
  });
});

it.each([
  [{ hostNetwork: true }, 'net.ipv4.ip_forward', 'hostNetwork'],
  [{ hostNetwork: true }, 'net/ipv4/ip_forward', 'hostNetwork'],
  [{ hostIPC: true }, 'kernel.shm_rmid_forced', 'hostIPC'],
  [{ hostIPC: true }, 'fs.mqueue.msg_max', 'hostIPC'],
  [{ hostIPC: true }, 'net.ipv4.ip_forward', undefined],
  [{ hostNetwork: true }, 'kernel.shm_rmid_forced', undefined],
  [{}, 'net.ipv4.ip_forward', undefined],
])('a pod with %j and the sysctl %s', async (spec, name, field) => {
  const securityContext = { sysctls: [{ name, value: '1' }] };
  const { status, body } = await t.post(`${pods}?dryRun=All`, {
    metadata: { name: 's' },
    spec: { ...spec, securityContext, containers: [{ name: 'c', image: 'i' }] },
  });
  if (!field) expect(status).toBe(201);
  else
    expect(body.message).toBe(
      `Pod "s" is invalid: spec.securityContext.sysctls[0].name: Invalid value: "${name}": may not be specified when '${field}' is true`,
    );
});

it('a second binding conflicts as one of pods/binding', async () => {
  await t.post(pods, { metadata: { name: 'bound' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } });
  const body = { metadata: { name: 'bound' }, target: { kind: 'Node', name: 'm' } };
  expect((await t.post(`${pods}/bound/binding`, body)).body).toMatchObject({
    code: 409,
    message: 'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "n"',
  });
});

it.each(['policy/v1', 'policy/v1beta1'])('is evicted by an Eviction of %s', async (apiVersion) => {
  const eviction = { apiVersion, kind: 'Eviction', metadata: { name: 'p' } };
  expect((await t.post(`${pods}/p/eviction?dryRun=All`, eviction)).status).toBe(201);
  expect((await t.post(`${pods}/p/eviction?dryRun=All`, { ...eviction, apiVersion: 'policy/v2' })).status).toBe(400);
});

it('says what it emulates, as kube-apiserver does', async () => {
  expect((await t.get('/version')).body).toMatchObject({ emulationMajor: '1', emulationMinor: '36' });
});
