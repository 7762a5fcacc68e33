// One form of what an object says: the empty values that a chart writes are no change, and what Kubernetes' types always write is there.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterAll(async () => {
  await t.close();
});

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const jobs = '/apis/batch/v1/namespaces/default/jobs';
const strategic = 'application/strategic-merge-patch+json';
const merge = 'application/merge-patch+json';
const jsonPatch = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';

const emptyPodSpec = {
  hostNetwork: false,
  hostPID: false,
  nodeSelector: {},
  tolerations: [],
  imagePullSecrets: [],
  initContainers: [],
  volumes: [],
  serviceAccountName: '',
  priorityClassName: '',
  topologySpreadConstraints: [],
  hostAliases: null,
};
const emptyContainer = {
  env: [],
  envFrom: [],
  args: [],
  command: [],
  ports: [],
  volumeMounts: [],
  stdin: false,
  tty: false,
  workingDir: '',
};

const template = (pod: object = {}, container: object = {}, metadata: object = {}) => ({
  metadata: { labels: { a: 'b' }, ...metadata },
  spec: { ...pod, containers: [{ name: 'c', image: 'i', ...container }] },
});

const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template: template() },
});

const withEmptyValues = (name: string) => ({
  ...deployment(name),
  metadata: { name, annotations: {}, finalizers: [], ownerReferences: [] },
  spec: {
    ...deployment(name).spec,
    paused: false,
    minReadySeconds: 0,
    template: template(emptyPodSpec, emptyContainer, { annotations: {}, creationTimestamp: null }),
  },
  status: {},
});

describe('a Deployment that says by empty values what it said before', () => {
  it.each([
    ['PUT', (path: string, body: object) => t.put(path, body)],
    ['strategic patch', (path: string, body: object) => t.patch(path, strategic, body)],
    ['merge patch', (path: string, body: object) => t.patch(path, merge, body)],
  ])('is not changed by a %s', async (way, send) => {
    const name = `d-${way.replaceAll(' ', '-').toLowerCase()}`;
    expect((await t.post(deployments, deployment(name))).status).toBe(201);
    const before = await t.get(`${deployments}/${name}`);
    const answer = await send(`${deployments}/${name}`, withEmptyValues(name));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(before.body);
    // Whoever says it first stores the same.
    await t.post(deployments, withEmptyValues(`${name}-2`));
    const other = await t.get(`${deployments}/${name}-2`);
    expect(other.body.spec).toEqual(before.body.spec);
    expect(other.body.metadata.managedFields[0].fieldsV1).toEqual(before.body.metadata.managedFields[0].fieldsV1);
  });

  it('is not changed by an apply, which owns what it says', async () => {
    const path = `${deployments}/applied?fieldManager=me`;
    expect((await t.patch(path, apply, deployment('applied'))).status).toBe(201);
    const before = await t.get(`${deployments}/applied`);
    const { status: _, ...again } = withEmptyValues('applied');
    const after = await t.patch(path, apply, again);
    expect(after.body.spec).toEqual(before.body.spec);
    expect(after.body.metadata.generation).toBe(1);
    expect(JSON.stringify(after.body.metadata.managedFields)).toContain('"f:hostNetwork"');
    expect((await t.patch(path, apply, again)).text).toBe(after.text);
  });

  it('is not refused where the template cannot be changed', async () => {
    const job = (pod: object, container: object) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { ...template(pod, container).spec, restartPolicy: 'Never' } } },
    });
    expect((await t.post(jobs, job({}, {}))).status).toBe(201);
    const before = await t.get(`${jobs}/j`);
    const answer = await t.patch(`${jobs}/j`, strategic, job(emptyPodSpec, emptyContainer));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(before.body);
  });
});

describe('what the types of Kubernetes always write', () => {
  it.each<[string, string, object, object]>([
    ['deployments', deployments, deployment('always'), { status: {}, metadata: { generation: 1 } }],
    [
      'daemonsets',
      '/apis/apps/v1/namespaces/default/daemonsets',
      { metadata: { name: 'a' }, spec: { selector: { matchLabels: { a: 'b' } }, template: template() } },
      { status: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 } },
    ],
    [
      'statefulsets',
      '/apis/apps/v1/namespaces/default/statefulsets',
      {
        metadata: { name: 'a' },
        spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template: template() },
      },
      { status: { replicas: 0 } },
    ],
    [
      'replicasets',
      '/apis/apps/v1/namespaces/default/replicasets',
      { metadata: { name: 'a' }, spec: { selector: { matchLabels: { a: 'b' } }, template: template() } },
      { status: { replicas: 0 } },
    ],
    [
      'cronjobs',
      '/apis/batch/v1/namespaces/default/cronjobs',
      {
        metadata: { name: 'a' },
        spec: {
          schedule: '0 0 * * *',
          jobTemplate: { spec: { template: { spec: { ...template().spec, restartPolicy: 'Never' } } } },
        },
      },
      { status: {}, spec: { jobTemplate: { metadata: {}, spec: { template: { metadata: {} } } } } },
    ],
    [
      'horizontalpodautoscalers',
      '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
      { metadata: { name: 'a' }, spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd' } } },
      { status: { desiredReplicas: 0, currentMetrics: null } },
    ],
    [
      'horizontalpodautoscalers of version 1',
      '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
      { metadata: { name: 'b' }, spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd' } } },
      { status: { currentReplicas: 0, desiredReplicas: 0 } },
    ],
    [
      'poddisruptionbudgets',
      '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
      { metadata: { name: 'a' }, spec: { minAvailable: 1, selector: {} } },
      { status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 } },
    ],
    [
      'resourcequotas',
      '/api/v1/namespaces/default/resourcequotas',
      { metadata: { name: 'a' }, spec: { hard: { pods: '10' } } },
      { status: {} },
    ],
    [
      'services',
      '/api/v1/namespaces/default/services',
      { metadata: { name: 'a' }, spec: { clusterIP: 'None', selector: { a: 'b' } } },
      { status: { loadBalancer: {} } },
    ],
    [
      'roles',
      '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles',
      { metadata: { name: 'a' } },
      { rules: null },
    ],
    [
      'endpointslices',
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
      { metadata: { name: 'a' }, addressType: 'IPv4' },
      { endpoints: null, ports: null },
    ],
  ])('is in answers and events: %s', async (_, path, object, expected) => {
    const watch = await t.watch(`${path}?watch=true`);
    const answer = await t.post(path, object);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject(expected);
    expect(answer.body.metadata).not.toHaveProperty('status');
    const name = answer.body.metadata.name;
    for (;;) {
      const event = await watch.next();
      if (event && event.object.metadata.name !== name) continue;
      expect(event?.object).toMatchObject(expected);
      break;
    }
    await watch.stop();
    // What nobody wrote belongs to nobody.
    const owned = JSON.stringify(answer.body.metadata.managedFields ?? []);
    expect(owned).not.toContain('f:status');
  });
});

describe('a null in a custom resource', () => {
  it('is pruned where it is not allowed, and kept where it is', async () => {
    const text = { type: 'string' };
    const spec = {
      type: 'object',
      properties: { list: { type: 'array', items: text }, text, keep: { ...text, nullable: true, default: 'd' } },
    };
    await t.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'nulls.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'nulls', kind: 'Nul' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
          },
        ],
      },
    });
    await vi.waitFor(() => expect(t.definitions.ofType('example.com/nulls')).toBeDefined());
    const nulls = '/apis/example.com/v1/namespaces/default/nulls';
    const created = await t.post(nulls, { metadata: { name: 'a' }, spec: { list: null, text: null, keep: null } });
    expect(created.status).toBe(201);
    expect(created.body.spec).toEqual({ keep: null });
    const patched = await t.patch(`${nulls}/a`, jsonPatch, [{ op: 'add', path: '/spec/text', value: null }]);
    expect(patched.body.spec).toEqual({ keep: null });
  });
});

describe('a patch that leaves no metadata', () => {
  beforeAll(async () => {
    await t.post(deployments, deployment('patched'));
    await t.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'patched' } });
  });

  const wrong = (found: string, kind: string) =>
    `json: cannot unmarshal ${found} into Go struct field ${kind}.metadata of type v1.ObjectMeta`;
  const nameless = 'the name of the object (patched based on URL) was undeterminable: name must be provided';

  it.each<[string, unknown, number, string]>([
    [merge, { metadata: 'x' }, 422, wrong('string', 'Deployment')],
    [merge, { metadata: 5 }, 422, wrong('number', 'Deployment')],
    [merge, { metadata: true }, 422, wrong('bool', 'Deployment')],
    [merge, { metadata: [1] }, 422, wrong('array', 'Deployment')],
    [merge, { metadata: null }, 400, nameless],
    [merge, { metadata: { name: null } }, 400, nameless],
    [merge, { metadata: { name: '' } }, 400, nameless],
    [
      merge,
      { metadata: { name: 'other' } },
      400,
      'the name of the object (other) does not match the name on the URL (patched)',
    ],
    [
      merge,
      { metadata: { name: 5 } },
      422,
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string',
    ],
    [merge, { spec: { replicas: 'x' } }, 422, 'patch: Invalid value: '],
    [strategic, { metadata: 'x' }, 422, 'patch: Invalid value: "map[metadata:x]": '],
    [strategic, { metadata: null }, 400, nameless],
    [jsonPatch, [{ op: 'replace', path: '/metadata', value: 'x' }], 422, wrong('string', 'Deployment')],
    [jsonPatch, [{ op: 'replace', path: '/metadata', value: null }], 400, nameless],
    [jsonPatch, [{ op: 'replace', path: '/metadata', value: {} }], 400, nameless],
    [jsonPatch, [{ op: 'remove', path: '/metadata' }], 400, nameless],
    [jsonPatch, [{ op: 'remove', path: '/metadata/name' }], 400, nameless],
    [apply, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: 'x' }, 400, '.metadata: expected map, got &{x}'],
  ])('%s %j is refused', async (type, body, status, message) => {
    const { text } = await t.get(`${deployments}/patched`);
    for (const path of [`${deployments}/patched`, `${deployments}/patched/status`]) {
      const answer = await t.patch(`${path}?fieldManager=me`, type, body);
      expect(answer.body.message).toContain(message);
      expect(answer.status).toBe(status);
    }
    expect((await t.get(`${deployments}/patched`)).text).toBe(text);
  });

  it('is refused as a whole object too', async () => {
    const put = await t.put(`${deployments}/patched`, { ...deployment('patched'), metadata: {} });
    expect(put).toMatchObject({ status: 400, body: { message: nameless } });
    for (const metadata of ['x', 5, [1]]) {
      const post = await t.post(deployments, { ...deployment('p'), metadata });
      expect(post.status).toBe(400);
      expect(post.body.message).toContain(
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal',
      );
    }
  });
});
