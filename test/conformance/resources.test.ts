// API operations of the resources that need no running pod: every verb, over one server.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import { conformance } from './conformance.ts';
import { type ApiOperations, supportsOperations } from './lifecycle.ts';
import { type ConformanceApi, openApi } from './open-api.ts';

let t: ConformanceApi;
const namespace = 'default';
const merge = 'application/merge-patch+json';

beforeAll(async () => {
  t = await openApi();
  await t.namespace('other');
});

afterAll(async () => {
  await t.close();
});

const operations = (of: ApiOperations) => () => supportsOperations(t, of);
const networking = { group: 'networking.k8s.io', version: 'v1' };
const storage = { group: 'storage.k8s.io', version: 'v1' };
const devices = { group: 'resource.k8s.io', version: 'v1' };
const backend = { service: { name: 'default-backend', port: { number: 80 } } };
const claim = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } };

describe('network', () => {
  conformance(
    'Ingress API should support creating Ingress API operations',
    operations({ ...networking, resource: 'ingresses', namespace, body: { spec: { defaultBackend: backend } } }),
  );

  conformance(
    'IngressClass API should support creating IngressClass API operations',
    operations({ ...networking, resource: 'ingressclasses', body: { spec: { controller: 'example.com/controller' } } }),
  );

  conformance(
    'ServiceCIDR and IPAddress API should support ServiceCIDR API operations',
    operations({ ...networking, resource: 'servicecidrs', status: true, body: { spec: { cidrs: ['10.200.0.0/24'] } } }),
  );

  conformance(
    'ServiceCIDR and IPAddress API should support IPAddress API operations',
    operations({
      ...networking,
      resource: 'ipaddresses',
      names: ['192.168.1.1', '192.168.1.2', '2001:db8::ffff'],
      body: { spec: { parentRef: { group: '', resource: 'services', namespace, name: 'web' } } },
    }),
  );

  conformance(
    'EndpointSlice should support creating EndpointSlice API operations',
    operations({
      group: 'discovery.k8s.io',
      version: 'v1',
      resource: 'endpointslices',
      namespace,
      body: { addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }] },
    }),
  );

  conformance('Endpoints should test the lifecycle of an Endpoint', async () => {
    const endpoints = '/api/v1/namespaces/default/endpoints';
    const labels = { 'test-endpoint-static': 'true' };
    const subsets = [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }];
    const made = await t.post(endpoints, { metadata: { name: 'testservice', labels }, subsets });
    expect(made.status, made.text).toBe(201);
    const watch = await t.watch(
      `${endpoints}?watch=true&labelSelector=test-endpoint-static%3Dtrue&resourceVersion=${made.body.metadata.resourceVersion}`,
    );
    const updated = { ...made.body.metadata.labels, 'test-service': 'updated' };
    await t.put(`${endpoints}/testservice`, { ...made.body, metadata: { ...made.body.metadata, labels: updated } });
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { metadata: { labels: updated } } });
    const next = [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080 }] }];
    await t.patch(`${endpoints}/testservice`, 'application/strategic-merge-patch+json', {
      metadata: { labels: { 'test-service': 'patched' } },
      subsets: next,
    });
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { subsets: next } });
    expect((await t.get(`${endpoints}/testservice`)).body).toMatchObject({ subsets: next });
    await t.remove(`${endpoints}?labelSelector=test-endpoint-static%3Dtrue`);
    expect(await watch.next()).toMatchObject({ type: 'DELETED' });
    await watch.stop();
    expect((await t.get(`${endpoints}/testservice`)).status).toBe(404);
  });

  conformance('Services should complete a service status lifecycle', async () => {
    const services = '/api/v1/namespaces/default/services';
    const made = await t.post(services, {
      metadata: { name: 'status', labels: { 'test-service-static': 'true' } },
      spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80 }] },
    });
    expect(made).toMatchObject({ status: 201, body: { status: { loadBalancer: {} } } });
    expect(await t.get(`${services}/status/status`)).toMatchObject({ status: 200, body: { kind: 'Service' } });
    const ingress = [{ ip: '203.0.113.1' }];
    const patched = await t.patch(`${services}/status/status`, merge, {
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { loadBalancer: { ingress } },
    });
    expect(patched).toMatchObject({
      status: 200,
      body: { metadata: { annotations: { patchedstatus: 'true' } }, status: { loadBalancer: { ingress } } },
    });
    const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from a test' };
    const updated = await t.put(`${services}/status/status`, {
      ...patched.body,
      status: { ...patched.body.status, conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
    });
    expect(updated).toMatchObject({ status: 200, body: { status: { conditions: [condition] } } });
    const spec = { externalIPs: ['203.0.113.7'] };
    const both = { spec, metadata: { labels: { service: 'patched' } }, status: { loadBalancer: {} } };
    // The main path reaches no status.
    expect(await t.patch(`${services}/status`, merge, both)).toMatchObject({
      status: 200,
      body: { spec, metadata: { labels: { service: 'patched' } }, status: { loadBalancer: { ingress } } },
    });
    const { metadata } = (await t.get('/api/v1/services')).body;
    const watch = await t.watch(`/api/v1/services?watch=true&resourceVersion=${metadata.resourceVersion}`);
    expect((await t.remove(`${services}/status`)).status).toBe(200);
    expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'status' } } });
    await watch.stop();
  });

  conformance('API Server should provide secure master service', async () => {
    expect((await t.get('/api/v1/namespaces/default/services/kubernetes')).body).toMatchObject({
      spec: { ports: [{ name: 'https', port: 443, protocol: 'TCP' }] },
    });
  });

  conformance('API Server should have Endpoints and EndpointSlices pointing to API Server', async () => {
    const endpoints = (await t.get('/api/v1/namespaces/default/endpoints/kubernetes')).body;
    expect(endpoints.subsets).toMatchObject([{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 443 }] }]);
    const label = 'kubernetes.io%2Fservice-name%3Dkubernetes';
    const slices = `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=${label}`;
    expect((await t.get(slices)).body.items).toMatchObject([
      { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ port: 443 }] },
    ]);
  });

  conformance('Services should find a service from listing all namespaces', async () => {
    expect((await t.get('/api/v1/services')).body.items).toContainEqual(
      expect.objectContaining({ metadata: expect.objectContaining({ name: 'kubernetes', namespace: 'default' }) }),
    );
  });

  conformance('Services should delete a collection of services', async () => {
    const services = '/api/v1/namespaces/other/services';
    const addresses = async () => (await t.get('/apis/networking.k8s.io/v1/ipaddresses')).body.items;
    const before = await addresses();
    for (const [name, kind] of [
      ['e2e-svc-a', 'patch'],
      ['e2e-svc-b', 'patch'],
      ['e2e-svc-c', 'keep'],
    ] as const)
      await t.post(services, { metadata: { name, labels: { kind } }, spec: { ports: [{ port: 8001 }] } });
    expect((await t.get(services)).body.items).toHaveLength(3);
    expect((await t.remove(`${services}?labelSelector=kind%3Dpatch`)).status).toBe(200);
    expect((await t.get(services)).body.items).toMatchObject([{ metadata: { name: 'e2e-svc-c' } }]);
    // Of this one alone, beside those that were there.
    expect(await addresses()).toHaveLength(before.length + 1);
  });
});

describe('storage', () => {
  conformance(
    'CSIStorageCapacity should support CSIStorageCapacities API operations',
    operations({ ...storage, resource: 'csistoragecapacities', namespace, body: { storageClassName: 'example' } }),
  );

  conformance(
    'CSIInlineVolumes should run through the lifecycle of a CSIDriver',
    operations({
      ...storage,
      resource: 'csidrivers',
      body: { spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ['Ephemeral'] } },
    }),
  );

  conformance(
    'CSINodes CSI Conformance should run through the lifecycle of a csinode',
    operations({ ...storage, resource: 'csinodes', body: { spec: { drivers: [] } } }),
  );

  conformance(
    'StorageClasses CSI Conformance should run through the lifecycle of a StorageClass',
    operations({
      ...storage,
      resource: 'storageclasses',
      body: { provisioner: 'e2e-fake-provisioner', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
    }),
  );

  conformance(
    'VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass',
    operations({
      ...storage,
      resource: 'volumeattributesclasses',
      body: { driverName: 'e2e.example.com', parameters: { iops: '5000' } },
    }),
  );

  conformance('CSIInlineVolumes should support CSIVolumeSource in Pod API', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const csi = { driver: 'e2e.example.com', readOnly: true, fsType: 'ext4', volumeAttributes: { foo: 'bar' } };
    const volume = { name: 'v', csi };
    const made = await t.post(pods, {
      metadata: { name: 'inline', labels: { inline: 'csi' } },
      spec: {
        containers: [{ name: 'c', image: 'busybox:1', volumeMounts: [{ name: 'v', mountPath: '/mnt' }] }],
        volumes: [volume],
      },
    });
    expect(made.status, made.text).toBe(201);
    expect((await t.get(`${pods}/inline`)).body.spec.volumes).toContainEqual(volume);
    expect((await t.get(`${pods}?labelSelector=inline%3Dcsi`)).body.items).toHaveLength(1);
    const patched = await t.patch(`${pods}/inline`, merge, { metadata: { labels: { inline: 'patched' } } });
    expect(patched.body.metadata.labels).toEqual({ inline: 'patched' });
    expect((await t.remove(`${pods}/inline`)).status).toBe(200);
    expect((await t.get(`${pods}/inline`)).status).toBe(404);
  });

  const volume = {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'e2e-driver', volumeHandle: 'handle' },
      storageClassName: 'e2e',
    },
  };
  const request = {
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'e2e',
    },
  };

  conformance('PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC', async () => {
    await supportsOperations(t, {
      group: '',
      version: 'v1',
      resource: 'persistentvolumes',
      status: true,
      finalizers: true,
      body: volume,
    });
    const claims = {
      group: '',
      version: 'v1',
      resource: 'persistentvolumeclaims',
      namespace,
      status: true,
      finalizers: true,
    };
    await supportsOperations(t, { ...claims, body: request });
  });

  conformance('PersistentVolumes CSI Conformance should apply changes to a pv/pvc status', async () => {
    const volumes = '/api/v1/persistentvolumes/pv-status';
    const claims = '/api/v1/namespaces/default/persistentvolumeclaims/pvc-status';
    await t.post('/api/v1/persistentvolumes', { metadata: { name: 'pv-status' }, ...volume });
    await t.post('/api/v1/namespaces/default/persistentvolumeclaims', { metadata: { name: 'pvc-status' }, ...request });
    expect((await t.get(`${claims}/status`)).body.status.phase).toBe('Pending');
    expect((await t.get(`${volumes}/status`)).body.status.phase).toBe('Pending');
    const condition = {
      type: 'StatusPatched',
      status: 'True',
      reason: 'E2E patchedStatus',
      message: 'Set from e2e test',
    };
    const patchedClaim = await t.patch(`${claims}/status`, merge, { status: { conditions: [condition] } });
    expect(patchedClaim).toMatchObject({ status: 200, body: { status: { conditions: [condition] } } });
    const message = { message: 'StatusPatched', reason: 'E2E patchStatus' };
    const patchedVolume = await t.patch(`${volumes}/status`, merge, { status: message });
    expect(patchedVolume).toMatchObject({ status: 200, body: { status: message } });
    const updated = { ...condition, type: 'StatusUpdated' };
    const { status, ...rest } = patchedClaim.body;
    expect(await t.put(`${claims}/status`, { ...rest, status: { ...status, conditions: [updated] } })).toMatchObject({
      status: 200,
      body: { status: { conditions: [updated] } },
    });
    const next = { message: 'StatusUpdated', reason: 'E2E updateStatus' };
    const { body } = patchedVolume;
    expect(await t.put(`${volumes}/status`, { ...body, status: { ...body.status, ...next } })).toMatchObject({
      status: 200,
      body: { status: next },
    });
    for (const target of [claims, volumes]) expect((await t.remove(target)).status).toBe(200);
  });
});

describe('nodes', () => {
  conformance(
    'RuntimeClass should support RuntimeClasses API operations',
    operations({ group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses', body: { handler: 'handler' } }),
  );

  conformance(
    'Node Lifecycle should run through the lifecycle of a node',
    operations({ group: '', version: 'v1', resource: 'nodes', status: true, body: {} }),
  );

  const pods = '/api/v1/namespaces/default/pods';
  const pod = { spec: { containers: [{ name: 'c', image: 'busybox:1' }] } };

  conformance('Pods should delete a collection of pods', async () => {
    for (const name of ['test-pod-1', 'test-pod-2', 'test-pod-3'])
      await t.post(pods, { metadata: { name, labels: { type: 'Testing' } }, ...pod });
    expect((await t.get(`${pods}?labelSelector=type%3DTesting`)).body.items).toHaveLength(3);
    expect((await t.remove(`${pods}?labelSelector=type%3DTesting`)).status).toBe(200);
    expect((await t.get(`${pods}?labelSelector=type%3DTesting`)).body.items).toEqual([]);
  });

  conformance('Pods should patch a pod status', async () => {
    await t.post(pods, { metadata: { name: 'patched' }, ...pod });
    const status = { message: 'Patched by e2e test', reason: 'E2E' };
    expect(await t.patch(`${pods}/patched/status`, merge, { status })).toMatchObject({ status: 200, body: { status } });
    expect((await t.get(`${pods}/patched`)).body.status).toMatchObject(status);
    await t.remove(`${pods}/patched`);
  });

  conformance('Lease lease API should be available', async () => {
    await supportsOperations(t, {
      group: 'coordination.k8s.io',
      version: 'v1',
      resource: 'leases',
      namespace,
      body: { spec: { holderIdentity: 'holder', leaseDurationSeconds: 30, leaseTransitions: 0 } },
    });
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const spec = {
      holderIdentity: 'holder',
      leaseDurationSeconds: 30,
      acquireTime: '2026-01-01T00:00:00.123456Z',
      renewTime: '2026-01-01T00:00:05.000000Z',
      leaseTransitions: 0,
    };
    const made = await t.post(leases, { metadata: { name: 'spec' }, spec });
    expect(made).toMatchObject({ status: 201, body: { spec } });
    const next = { ...spec, holderIdentity: 'holder2', leaseTransitions: 1 };
    await t.put(`${leases}/spec`, { ...made.body, spec: next });
    expect((await t.get(`${leases}/spec`)).body.spec).toEqual(next);
    await t.remove(`${leases}/spec`);
  });

  const template = { template: { spec: { containers: [{ name: 'nginx', image: 'nginx:1' }] } } };
  const templates = '/api/v1/namespaces/default/podtemplates';

  conformance(
    'PodTemplates should run the lifecycle of PodTemplates',
    operations({
      group: '',
      version: 'v1',
      resource: 'podtemplates',
      namespace,
      body: template,
    }),
  );

  conformance('PodTemplates should delete a collection of pod templates', async () => {
    const labels = { 'podtemplate-set': 'true' };
    for (const name of ['test-podtemplate-1', 'test-podtemplate-2', 'test-podtemplate-3'])
      await t.post(templates, { metadata: { name, labels }, ...template });
    const set = `${templates}?labelSelector=podtemplate-set%3Dtrue`;
    expect((await t.get(set)).body.items).toHaveLength(3);
    expect((await t.remove(set)).status).toBe(200);
    expect((await t.get(set)).body.items).toEqual([]);
  });

  conformance('PodTemplates should replace a pod template', async () => {
    const made = await t.post(templates, { metadata: { name: 'replaced' }, ...template });
    const metadata = { ...made.body.metadata, annotations: { updated: 'true' } };
    expect(await t.put(`${templates}/replaced`, { ...made.body, metadata })).toMatchObject({ status: 200 });
    expect((await t.get(`${templates}/replaced`)).body.metadata.annotations).toEqual({ updated: 'true' });
    await t.remove(`${templates}/replaced`);
  });

  const maps = '/api/v1/namespaces/default/configmaps';

  conformance(
    'ConfigMap should run through a ConfigMap lifecycle',
    operations({
      group: '',
      version: 'v1',
      resource: 'configmaps',
      namespace,
      body: { data: { valueName: 'value' } },
    }),
  );

  conformance('ConfigMap should update ConfigMap successfully [NodeConformance]', async () => {
    const made = await t.post(maps, { metadata: { name: 'updated' }, data: {} });
    expect(await t.put(`${maps}/updated`, { ...made.body, data: { data: 'value' } })).toMatchObject({ status: 200 });
    expect((await t.get(`${maps}/updated`)).body.data).toEqual({ data: 'value' });
    await t.remove(`${maps}/updated`);
  });

  conformance('ConfigMap should fail to create ConfigMap with empty key', async () => {
    const answer = await t.post(maps, { metadata: { name: 'empty-key' }, data: { '': 'value-1' } });
    expect(answer).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
  });

  conformance('Secrets should fail to create secret due to empty secret key', async () => {
    const answer = await t.post('/api/v1/namespaces/default/secrets', {
      metadata: { name: 'empty-key' },
      data: { '': 'dmFsdWUtMQ==' },
    });
    expect(answer).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
  });

  conformance('Secrets should patch a secret', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    const labels = { 'testsecret-constant': 'true' };
    await t.post(secrets, { metadata: { name: 'patched', labels }, data: { key: 'dmFsdWU=' }, type: 'Opaque' });
    expect((await t.get('/api/v1/secrets?labelSelector=testsecret-constant%3Dtrue')).body.items).toHaveLength(1);
    const data = { key: Buffer.from('value1').toString('base64') };
    await t.patch(`${secrets}/patched`, 'application/strategic-merge-patch+json', {
      metadata: { labels: { testsecret: 'true' } },
      data,
    });
    const { body } = await t.get(`${secrets}/patched`);
    expect(body).toMatchObject({ data, metadata: { labels: { ...labels, testsecret: 'true' } } });
    await t.remove(`${secrets}?labelSelector=testsecret%3Dtrue`);
    expect((await t.get('/api/v1/secrets?labelSelector=testsecret-constant%3Dtrue')).body.items).toEqual([]);
  });

  conformance(
    '[DRA] CRUD Tests resource.k8s.io/v1 DeviceClass',
    operations({
      ...devices,
      resource: 'deviceclasses',
      body: { spec: { selectors: [{ cel: { expression: 'true' } }] } },
    }),
  );

  conformance(
    '[DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim',
    operations({ ...devices, resource: 'resourceclaims', namespace, body: { spec: claim } }),
  );

  conformance(
    '[DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate',
    operations({ ...devices, resource: 'resourceclaimtemplates', namespace, body: { spec: { spec: claim } } }),
  );

  conformance(
    '[DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice',
    operations({
      ...devices,
      resource: 'resourceslices',
      body: {
        spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
      },
    }),
  );
});

describe('what is immutable', () => {
  const immutable = async (base: string, data: object, next: object) => {
    const made = await t.post(base, { metadata: { name: 'immutable' }, data });
    const at = `${base}/immutable`;
    const changed = await t.put(at, { ...made.body, data: next });
    expect(changed).toMatchObject({ status: 200, body: { data: next } });
    const frozen = await t.put(at, { ...changed.body, immutable: true });
    expect(frozen).toMatchObject({ status: 200, body: { immutable: true } });
    expect(await t.put(at, { ...frozen.body, data })).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    expect(await t.put(at, { ...frozen.body, immutable: false })).toMatchObject({ status: 422 });
    const metadata = { ...frozen.body.metadata, labels: { label: 'value' } };
    expect(await t.put(at, { ...frozen.body, metadata })).toMatchObject({ status: 200, body: { data: next } });
    expect((await t.remove(at)).status).toBe(200);
  };

  conformance('ConfigMap should be immutable if `immutable` field is set', () =>
    immutable('/api/v1/namespaces/default/configmaps', { a: '1' }, { a: '2' }),
  );
  conformance('Secrets should be immutable if `immutable` field is set', () =>
    immutable('/api/v1/namespaces/default/secrets', { a: 'MQ==' }, { a: 'Mg==' }),
  );
});

describe('events', () => {
  const involvedObject = { namespace, name: 'p', kind: 'Pod' };
  const core = { message: 'This is a test event', reason: 'Test', type: 'Normal', count: 1, involvedObject };
  const news = {
    regarding: involvedObject,
    note: 'Test 1',
    reason: 'Test',
    action: 'Do',
    type: 'Normal',
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'test-controller',
    reportingInstance: 'test-node',
  };

  /** By who reports them, and whom they are about, under the names that each of the two groups has for it. */
  const selectors = [
    ['/api/v1/events', ['source=test-controller', 'reportingComponent=test-controller', 'involvedObject.name=p']],
    [
      '/apis/events.k8s.io/v1/events',
      ['reportingController=test-controller', 'regarding.name=p', 'regarding.kind=Pod'],
    ],
  ] as const;
  const isSelected = async (name: string) => {
    for (const [all, terms] of selectors)
      for (const term of terms) {
        const { items } = (await t.get(`${all}?fieldSelector=${encodeURIComponent(term)}`)).body;
        expect(items, `${all} ${term}`).toMatchObject([{ metadata: { name } }]);
        const others = (await t.get(`${all}?fieldSelector=${encodeURIComponent(`${term}s`)}`)).body;
        expect(others.items, `${all} ${term}s`).toEqual([]);
      }
  };

  const lifecycle = async (base: string, all: string, body: object, change: object, check?: typeof isSelected) => {
    const labels = { 'testevent-constant': 'true' };
    const made = await t.post(base, { metadata: { name: 'lived', labels }, ...body });
    expect(made.status, made.text).toBe(201);
    const found = (await t.get(`${all}?labelSelector=testevent-constant%3Dtrue`)).body.items;
    expect(found).toMatchObject([{ metadata: { name: 'lived' } }]);
    await check?.('lived');
    const patched = await t.patch(`${base}/lived`, 'application/strategic-merge-patch+json', change);
    expect(patched).toMatchObject({ status: 200, body: change });
    const series = { count: 100, lastObservedTime: '2026-01-01T00:01:00.000000Z' };
    expect(await t.put(`${base}/lived`, { ...patched.body, series })).toMatchObject({ status: 200, body: { series } });
    expect((await t.get(`${base}/lived`)).body).toMatchObject({ ...change, series });
    expect((await t.remove(`${base}/lived`)).status).toBe(200);
    expect((await t.get(`${all}?labelSelector=testevent-constant%3Dtrue`)).body.items).toEqual([]);
  };
  const collection = async (base: string, body: object) => {
    const labels = { 'testevent-set': 'true' };
    for (const name of ['test-event-1', 'test-event-2', 'test-event-3'])
      await t.post(base, { metadata: { name, labels }, ...body });
    const set = `${base}?labelSelector=testevent-set%3Dtrue`;
    expect((await t.get(set)).body.items).toHaveLength(3);
    expect((await t.remove(set)).status).toBe(200);
    expect((await t.get(set)).body.items).toEqual([]);
  };
  const coreEvents = '/api/v1/namespaces/default/events';
  const newEvents = '/apis/events.k8s.io/v1/namespaces/default/events';

  conformance('Events should manage the lifecycle of an event', () =>
    lifecycle(coreEvents, '/api/v1/events', core, { message: 'patched' }),
  );
  conformance('Events should delete a collection of events', () => collection(coreEvents, core));
  // Of those, only the series goes on.
  const once = { series: { count: 2, lastObservedTime: '2026-01-01T00:00:30.000000Z' } };
  conformance('Events API should ensure that an event can be fetched, patched, deleted, and listed', () =>
    lifecycle(newEvents, '/apis/events.k8s.io/v1/events', news, once, isSelected),
  );
  conformance('Events API should delete a collection of events', () => collection(newEvents, news));
});

describe('scheduling', () => {
  const limits = {
    spec: {
      limits: [
        {
          type: 'Container',
          min: { cpu: '50m', memory: '100Mi' },
          max: { cpu: '500m', memory: '500Mi' },
          default: { cpu: '500m', memory: '500Mi' },
          defaultRequest: { cpu: '100m', memory: '200Mi' },
        },
      ],
    },
  };

  conformance('LimitRange should list, patch and delete a LimitRange by collection', async () => {
    const labels = { 'e2e-limitrange': 'x' };
    const at = (of: string) => `/api/v1/namespaces/${of}/limitranges`;
    for (const of of [namespace, 'other']) await t.post(at(of), { metadata: { name: 'range', labels }, ...limits });
    const all = '/api/v1/limitranges?labelSelector=e2e-limitrange%3Dx';
    expect((await t.get(all)).body.items).toHaveLength(2);
    const spec = { limits: [{ ...limits.spec.limits[0], min: { cpu: '40m', memory: '90Mi' } }] };
    const patched = await t.patch(`${at(namespace)}/range`, 'application/strategic-merge-patch+json', {
      metadata: { labels: { range: 'patched' } },
      spec,
    });
    expect(patched).toMatchObject({ status: 200, body: { spec, metadata: { labels: { range: 'patched' } } } });
    expect((await t.remove(`${at(namespace)}?labelSelector=range%3Dpatched`)).status).toBe(200);
    expect((await t.get(all)).body.items).toMatchObject([{ metadata: { namespace: 'other' } }]);
    await t.remove(`${at('other')}/range`);
  });

  conformance(
    'LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied.',
    async () => {
      await t.namespace('limited');
      const ranges = '/api/v1/namespaces/limited/limitranges';
      const pods = '/api/v1/namespaces/limited/pods';
      const made = await t.post(ranges, { metadata: { name: 'range' }, ...limits });
      const pod = (name: string, resources: object) =>
        t.post(pods, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i:1', resources }] } });
      const resourcesOf = (answer: Awaited<ReturnType<typeof pod>>) => answer.body.spec?.containers[0].resources;
      expect(resourcesOf(await pod('plain', {}))).toEqual({
        limits: { cpu: '500m', memory: '500Mi' },
        requests: { cpu: '100m', memory: '200Mi' },
      });
      const partial = { requests: { cpu: '300m' }, limits: { memory: '400Mi' } };
      expect(resourcesOf(await pod('partial', partial))).toEqual({
        limits: { cpu: '500m', memory: '400Mi' },
        // A limit that is given is the request that is not.
        requests: { cpu: '300m', memory: '400Mi' },
      });
      expect(await pod('low', { requests: { cpu: '10m' } })).toMatchObject({ status: 403 });
      expect(await pod('high', { limits: { cpu: '600m' } })).toMatchObject({ status: 403 });
      const spec = { limits: [{ ...limits.spec.limits[0], min: { cpu: '9m', memory: '10Mi' } }] };
      expect(await t.put(`${ranges}/range`, { ...made.body, spec })).toMatchObject({ status: 200 });
      await expect.poll(async () => (await pod('lower', { requests: { cpu: '10m' } })).status).toBe(201);
      await t.remove(`${ranges}/range`);
      await expect.poll(async () => (await pod('higher', { requests: { cpu: '600m' } })).status).toBe(201);
    },
  );

  conformance(
    'SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods',
    async () => {
      const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
      for (const [name, value] of [
        ['p1', 100],
        ['p2', 200],
      ] as const)
        expect((await t.post(classes, { metadata: { name }, value })).status).toBe(201);
      const { items } = (await t.get(classes)).body;
      expect(items.map((each: { metadata: { name: string } }) => each.metadata.name)).toEqual(
        expect.arrayContaining(['p1', 'p2']),
      );
      const p1 = (await t.get(`${classes}/p1`)).body;
      expect(await t.patch(`${classes}/p1`, merge, { value: 101 })).toMatchObject({
        status: 422,
        body: { details: { causes: [{ reason: 'FieldValueForbidden' }] } },
      });
      expect(await t.put(`${classes}/p1`, { ...p1, value: 101 })).toMatchObject({ status: 422 });
      expect(await t.put(`${classes}/p1`, { ...p1, preemptionPolicy: 'Never' })).toMatchObject({ status: 422 });
      expect(await t.patch(`${classes}/p1`, merge, { description: 'updated' })).toMatchObject({ status: 200 });
      const metadata = { ...p1.metadata, resourceVersion: undefined, labels: { a: 'b' } };
      expect(await t.put(`${classes}/p1`, { ...p1, metadata, description: 'again' })).toMatchObject({
        status: 200,
        body: { description: 'again', metadata: { labels: { a: 'b' } } },
      });
      for (const name of ['p1', 'p2']) await t.remove(`${classes}/${name}`);
    },
  );
});
