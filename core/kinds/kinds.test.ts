import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestRegistry, type TestRegistry } from '../registry/testing.ts';

let t: TestRegistry;

beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

function podOf(name: string, spec: object = {}): object {
  return { metadata: { name, labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec } };
}

function causes(error: unknown): string[] {
  return (error as { details?: { causes?: { field: string }[] } }).details?.causes?.map(({ field }) => field) ?? [];
}

describe('pods', () => {
  it('get the defaults that depend on other fields', async () => {
    const made = await t.create(
      'pods',
      'default',
      podOf('a', {
        containers: [
          { name: 'c', image: 'nginx', resources: { limits: { cpu: '0.5' } }, ports: [{ containerPort: 80 }] },
          { name: 'd', image: 'nginx:1.27' },
        ],
        hostNetwork: true,
        volumes: [{ name: 'v' }],
      }),
    );
    expect(made).toMatchObject({
      status: { phase: 'Pending', qosClass: 'Burstable' },
      spec: {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            imagePullPolicy: 'Always',
            resources: { requests: { cpu: '500m' } },
            ports: [{ hostPort: 80, protocol: 'TCP' }],
          },
          { imagePullPolicy: 'IfNotPresent' },
        ],
        volumes: expect.arrayContaining([{ name: 'v', emptyDir: {} }]),
      },
    });
  });

  it('get as requests of the whole pod those of its containers, or its limits', async () => {
    const made = await t.create(
      'pods',
      'default',
      podOf('whole', {
        containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '300m' } } }],
        initContainers: [{ name: 'i', image: 'nginx', resources: { requests: { cpu: '400m' } } }],
        resources: { limits: { cpu: '1', memory: '1Gi' } },
      }),
    );
    expect(made['spec']).toMatchObject({
      resources: { requests: { cpu: '400m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
    });
  });

  it('name every field that is wrong', async () => {
    const wrong = podOf('a', { containers: [{ name: 'C', volumeMounts: [{ name: 'none', mountPath: '/x' }] }] });
    const error = await t.create('pods', 'default', wrong).catch((each: unknown) => each);
    expect(causes(error)).toEqual([
      'spec.containers[0].name',
      'spec.containers[0].image',
      'spec.containers[0].volumeMounts[0].name',
    ]);
  });

  it('may change their image, and not their command', async () => {
    await t.create('pods', 'default', podOf('a'));
    const target = t.target('pods', 'default', 'a');
    const change = (container: object) =>
      t.registry.patch(t.context, target, 'strategic', { spec: { containers: [{ name: 'c', ...container }] } });
    expect((await change({ image: 'nginx:2' })).object.metadata.generation).toBe(2);
    await expect(change({ command: ['x'] })).rejects.toMatchObject({ reason: 'Invalid' });
  });

  it('are bound once, however many try', async () => {
    await t.create('pods', 'default', podOf('a'));
    const target = t.target('pods', 'default', 'a', 'binding');
    const bind = (name: string) =>
      t.registry.create(t.context, target, { metadata: { name: 'a' }, target: { kind: 'Node', name } });
    const results = await Promise.allSettled(['n1', 'n2', 'n3'].map(bind));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { reason: 'Conflict' } });
  });

  it('are bound through the collection of bindings too', async () => {
    await t.create('pods', 'default', podOf('a'));
    await t.create('bindings', 'default', { metadata: { name: 'a' }, target: { kind: 'Node', name: 'n1' } });
    expect(await t.get('pods', 'default', 'a')).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
  });

  it('end gracefully once a node runs them, and at once otherwise', async () => {
    await t.create('pods', 'default', podOf('a'));
    await t.create('pods', 'default', podOf('b', { nodeName: 'n1' }));
    expect((await t.registry.delete(t.context, t.target('pods', 'default', 'a'))).deleted).toBe(true);
    const target = t.target('pods', 'default', 'b');
    const marked = await t.registry.delete(t.context, target);
    expect(marked).toMatchObject({
      deleted: false,
      object: { metadata: { deletionTimestamp: '2026-01-02T03:04:35Z', deletionGracePeriodSeconds: 30 } },
    });
    expect((await t.registry.delete(t.context, target, { gracePeriodSeconds: 0 })).deleted).toBe(true);
    await expect(t.get('pods', 'default', 'b')).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('keep their status from the main path, and their spec from the status path', async () => {
    const made = await t.create('pods', 'default', podOf('a'));
    const both = { ...made, spec: { ...Object(made['spec']), hostname: 'x' }, status: { phase: 'Running' } };
    const updated = await t.registry.update(t.context, t.target('pods', 'default', 'a', 'status'), both);
    expect(updated.object).toMatchObject({ status: { phase: 'Running' } });
    expect(updated.object['spec']).not.toHaveProperty('hostname');
    const main = await t.registry.patch(t.context, t.target('pods', 'default', 'a'), 'merge', {
      status: { phase: 'Failed' },
    });
    expect(main.object).toMatchObject({ status: { phase: 'Running' } });
  });

  it('are not evicted against their budget', async () => {
    await t.create('pods', 'default', podOf('a', { nodeName: 'n1' }));
    await t.registry.patch(t.context, t.target('pods', 'default', 'a', 'status'), 'merge', {
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    await t.create('policy/poddisruptionbudgets', 'default', {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    const status = {
      observedGeneration: 1,
      disruptionsAllowed: 0,
      desiredHealthy: 1,
      currentHealthy: 1,
      expectedPods: 1,
    };
    const budget = t.target('policy/poddisruptionbudgets', 'default', 'b', 'status');
    await t.registry.patch(t.context, budget, 'merge', { status });
    const evict = () =>
      t.registry.create(t.context, t.target('pods', 'default', 'a', 'eviction'), { metadata: { name: 'a' } });
    await expect(evict()).rejects.toMatchObject({
      reason: 'TooManyRequests',
      details: { causes: [{ reason: 'DisruptionBudget' }] },
    });
    await t.registry.patch(t.context, budget, 'merge', { status: { disruptionsAllowed: 1 } });
    await evict();
    expect((await t.get('pods', 'default', 'a')).metadata.deletionTimestamp).toBeDefined();
  });
});

describe('services', () => {
  const service = (name: string, spec: object = {}) => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });

  it('get an address and ports of their own, also when many are made at once', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
    const made = await Promise.all(
      names.map((name) => t.create('services', 'default', service(name, { type: 'NodePort' }))),
    );
    const addresses = new Set(made.map((each) => Object(each['spec']).clusterIP));
    const ports = new Set(made.map((each) => Object(each['spec']).ports[0].nodePort));
    expect([addresses.size, ports.size]).toEqual([20, 20]);
    expect(made[0]).toMatchObject({
      spec: { ports: [{ targetPort: 80, protocol: 'TCP' }], ipFamilies: ['IPv4'], internalTrafficPolicy: 'Cluster' },
    });
  });

  it('take the address that is asked for, once, and give it back', async () => {
    await t.create('services', 'default', service('a', { clusterIP: '10.96.0.10' }));
    await expect(t.create('services', 'default', service('b', { clusterIP: '10.96.0.10' }))).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining('provided IP is already allocated'),
    });
    await t.registry.delete(t.context, t.target('services', 'default', 'a'));
    await t.create('services', 'default', service('b', { clusterIP: '10.96.0.10' }));
  });

  it('keep address and ports over an update, and give ports back with their type', async () => {
    const made = await t.create('services', 'default', service('a', { type: 'NodePort' }));
    const target = t.target('services', 'default', 'a');
    const same = await t.registry.update(t.context, target, {
      ...service('a', { type: 'NodePort', selector: { app: 'x' } }),
      metadata: { name: 'a' },
    });
    expect(Object(same.object['spec']).clusterIP).toBe(Object(made['spec']).clusterIP);
    expect(Object(same.object['spec']).ports[0].nodePort).toBe(Object(made['spec']).ports[0].nodePort);
    const plain = await t.registry.patch(t.context, target, 'merge', { spec: { type: 'ClusterIP' } });
    expect(Object(plain.object['spec']).ports[0].nodePort).toBeUndefined();
    expect(await t.store.get('zeroplane/nodeports', String(Object(made['spec']).ports[0].nodePort))).toBeUndefined();
  });
});

describe('workloads', () => {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
  const deployment = { metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, template } };

  it('default a Deployment, count its generations, and scale it', async () => {
    const made = await t.create('apps/deployments', 'default', deployment);
    expect(made).toMatchObject({
      metadata: { generation: 1 },
      spec: {
        replicas: 1,
        strategy: { rollingUpdate: { maxSurge: '25%' } },
        template: { spec: { dnsPolicy: 'ClusterFirst' } },
      },
    });
    const scaled = await t.registry.update(t.context, t.target('apps/deployments', 'default', 'web', 'scale'), {
      metadata: { name: 'web' },
      spec: { replicas: 3 },
    });
    expect(scaled.object).toMatchObject({ kind: 'Scale', spec: { replicas: 3 }, status: { selector: 'app=web' } });
    expect((await t.get('apps/deployments', 'default', 'web')).metadata.generation).toBe(2);
  });

  it('refuse a selector that does not select, or changes', async () => {
    const other = { ...deployment, spec: { ...deployment.spec, selector: { matchLabels: { app: 'other' } } } };
    await expect(t.create('apps/deployments', 'default', other)).rejects.toMatchObject({
      message: expect.stringContaining('`selector` does not match template `labels`'),
    });
    await t.create('apps/deployments', 'default', deployment);
    const changed = {
      ...other,
      spec: { ...other.spec, template: { ...template, metadata: { labels: { app: 'other' } } } },
    };
    await expect(
      t.registry.update(t.context, t.target('apps/deployments', 'default', 'web'), changed),
    ).rejects.toMatchObject({
      details: { causes: [{ field: 'spec.selector', message: expect.stringContaining('field is immutable') }] },
    });
  });

  it('give a Job the selector of its own uid', async () => {
    const made = await t.create('batch/jobs', 'default', {
      metadata: { name: 'j' },
      spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
    });
    expect(made).toMatchObject({
      spec: {
        completions: 1,
        backoffLimit: 6,
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': made.metadata.uid } },
        template: { metadata: { labels: { 'batch.kubernetes.io/job-name': 'j', 'job-name': 'j' } } },
      },
    });
  });
});

describe('other kinds', () => {
  it('fold stringData of a Secret into data', async () => {
    const made = await t.create('secrets', 'default', { metadata: { name: 's' }, stringData: { a: 'b' } });
    expect(made).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
    expect(made).not.toHaveProperty('stringData');
  });

  it('hold an immutable ConfigMap', async () => {
    await t.create('configmaps', 'default', { metadata: { name: 'c' }, data: { a: '1' }, immutable: true });
    await expect(
      t.registry.patch(t.context, t.target('configmaps', 'default', 'c'), 'merge', { data: { a: '2' } }),
    ).rejects.toMatchObject({
      details: { causes: [{ field: 'data', reason: 'FieldValueForbidden' }] },
    });
  });

  it('end a Namespace through finalize, and refuse content meanwhile', async () => {
    await t.namespace('gone');
    const target = t.target('namespaces', undefined, 'gone');
    const marked = await t.registry.delete(t.context, target);
    expect(marked).toMatchObject({
      deleted: false,
      object: { status: { phase: 'Terminating' }, metadata: { labels: { 'kubernetes.io/metadata.name': 'gone' } } },
    });
    await t.replicas.of('namespaces').then((replica) => replica.catchUp());
    await expect(t.create('configmaps', 'gone', { metadata: { name: 'c' } })).rejects.toMatchObject({
      reason: 'Forbidden',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    await t.registry.update(
      t.context,
      { ...target, subresource: 'finalize' },
      { ...marked.object, spec: { finalizers: [] } },
    );
    await expect(t.registry.get(t.context, target)).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('serve an autoscaler in its older version too', async () => {
    await t.create('autoscaling/horizontalpodautoscalers', 'default', {
      metadata: { name: 'h' },
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' } },
    });
    const old = {
      definition: t.definition('autoscaling/horizontalpodautoscalers', 'v1'),
      namespace: 'default',
      name: 'h',
    };
    expect((await t.registry.get(t.context, old)).object).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 80 },
    });
  });

  it('fill a LimitRange from its own maximum, and refuse one that contradicts itself', async () => {
    const range = (name: string, item: object) => ({
      metadata: { name },
      spec: { limits: [{ type: 'Container', ...item }] },
    });
    expect(await t.create('limitranges', 'default', range('a', { max: { cpu: '1' } }))).toMatchObject({
      spec: { limits: [{ default: { cpu: '1' }, defaultRequest: { cpu: '1' } }] },
    });
    await expect(
      t.create('limitranges', 'default', range('b', { min: { cpu: '2' }, max: { cpu: '1' } })),
    ).rejects.toMatchObject({ reason: 'Invalid' });
  });

  it('keep a StorageClass as it was made', async () => {
    await t.create('storage.k8s.io/storageclasses', '', { metadata: { name: 's' }, provisioner: 'x' });
    const target = t.target('storage.k8s.io/storageclasses', undefined, 's');
    await expect(t.registry.patch(t.context, target, 'merge', { provisioner: 'y' })).rejects.toMatchObject({
      details: { causes: [{ field: 'provisioner' }] },
    });
  });
});

describe('stateful sets', () => {
  const set = (volumeClaimTemplates: object[]) => ({
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: {
          containers: [{ name: 'c', image: 'redis', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
        },
      },
      volumeClaimTemplates,
    },
  });

  it('mount the volumes of their claim templates, which the template itself does not name', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await t.create('apps/statefulsets', 'default', set([{ metadata: { name: 'data' }, spec }]));
    const error = await t.create('apps/statefulsets', 'default', set([])).catch((caught: unknown) => caught);
    expect(causes(error)).toEqual(['spec.template.spec.containers[0].volumeMounts[0].name']);
  });
});
