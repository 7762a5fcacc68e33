import { describe, expect, it } from 'vitest';
import { deploymentController } from './deployment.ts';
import { endpointMirroringController } from './endpoint-mirroring.ts';
import { endpointSliceController } from './endpoint-slice.ts';
import { endpointsController } from './endpoints.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceController } from './namespace.ts';
import { replicaSetController } from './replicaset.ts';
import { createRootCaController } from './root-ca.ts';
import { serviceAccountController } from './service-account.ts';
import { TestCluster } from './testing/cluster.ts';

function pod(name: string, more: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: { containers: [{ name: 'app', image: 'app:1', ports: [{ name: 'http', containerPort: 8080 }] }] },
    ...more,
  };
}

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 'web-uid' },
  spec: {
    selector: { app: 'web' },
    clusterIP: '10.96.0.9',
    ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }],
  },
};

describe('EndpointSlice and Endpoints', () => {
  const controllers = [endpointSliceController, endpointsController, endpointMirroringController];

  it('list ready pods with the numbers of their named ports', async () => {
    const each = new TestCluster(controllers);
    each.put(service);
    each.put(pod('a'));
    each.runPods();
    await each.settle();
    const [slice] = each.state.list('discovery.k8s.io/endpointslices');
    expect(slice?.ports).toEqual([{ name: '', port: 8080, protocol: 'TCP' }]);
    expect(slice?.endpoints?.[0]).toMatchObject({
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', name: 'a' },
    });
    expect(each.state.list('endpoints')[0]?.subsets?.[0]?.addresses).toHaveLength(1);
  });

  it('keep a terminating pod as serving in slices, and not in Endpoints', async () => {
    const each = new TestCluster(controllers);
    each.put(service);
    each.put(pod('a'));
    each.runPods();
    each.remove('pods', 'default', 'a');
    await each.settle();
    const [slice] = each.state.list('discovery.k8s.io/endpointslices');
    expect(slice?.endpoints?.[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true });
    expect(each.state.list('endpoints')[0]?.subsets).toEqual([]);
  });

  it('keep one empty slice for a Service without pods', async () => {
    const each = new TestCluster(controllers);
    each.put(service);
    await each.settle();
    expect(each.state.list('discovery.k8s.io/endpointslices').map((slice) => slice.endpoints)).toEqual([[]]);
  });

  it('split many endpoints into slices of a hundred and move none of them later', async () => {
    const each = new TestCluster(controllers);
    each.put(service);
    for (let i = 0; i < 250; i++) each.put(pod(`p${i}`));
    each.runPods();
    await each.settle();
    const sizes = () =>
      each.state
        .list('discovery.k8s.io/endpointslices')
        .map((slice) => slice.endpoints?.length ?? 0)
        .sort((a, b) => a - b);
    expect(sizes()).toEqual([50, 100, 100]);
    each.put(pod('one-more'));
    each.runPods();
    await each.settle();
    expect(sizes()).toEqual([51, 100, 100]);
  });

  it('mirror Endpoints that somebody wrote for a Service without a selector', async () => {
    const each = new TestCluster(controllers);
    each.put({ ...service, spec: { ports: [{ port: 80 }] } });
    const metadata = { name: 'web', namespace: 'default' };
    each.put({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 80 }] }],
    });
    await each.settle();
    const [slice] = each.state.list('discovery.k8s.io/endpointslices');
    expect(slice?.endpoints?.[0]?.addresses).toEqual(['1.2.3.4']);
    expect(slice?.metadata.labels?.['endpointslice.kubernetes.io/managed-by']).toBe(
      'endpointslicemirroring-controller.k8s.io',
    );
    each.remove('endpoints', 'default', 'web');
    await each.settle();
    expect(each.state.list('discovery.k8s.io/endpointslices')).toEqual([]);
  });
});

describe('Namespace', () => {
  it('gets a service account and the root certificate', async () => {
    const each = new TestCluster([serviceAccountController, createRootCaController('PEM')]);
    each.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' }, spec: { finalizers: ['kubernetes'] } });
    await each.settle();
    expect(each.state.get('serviceaccounts', 'team', 'default')).toBeDefined();
    expect(each.state.get('configmaps', 'team', 'kube-root-ca.crt')?.data).toEqual({ 'ca.crt': 'PEM' });
    each.remove('configmaps', 'team', 'kube-root-ca.crt');
    await each.settle();
    expect(each.state.get('configmaps', 'team', 'kube-root-ca.crt')).toBeDefined();
  });

  it('empties itself, pods first, and is then finalized', async () => {
    const each = new TestCluster([namespaceController]);
    const spec = { finalizers: ['kubernetes'] };
    const metadata = { name: 'team', deletionTimestamp: '2026-01-01T00:00:00Z' };
    each.put({ ...pod('a'), metadata: { name: 'a', namespace: 'team' } });
    each.runPods();
    each.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'team' } });
    each.put({ apiVersion: 'v1', kind: 'Namespace', metadata, spec });
    await each.settle();
    expect(each.state.get('configmaps', 'team', 'c')).toBeDefined();
    const remaining = each.state
      .get('namespaces', '', 'team')
      ?.status?.conditions?.find((condition) => condition.type === 'NamespaceContentRemaining');
    expect(remaining?.message).toBe(
      'Some resources are remaining: pods. has 1 resource instances, configmaps. has 1 resource instances',
    );
    each.runPods();
    await each.settle();
    expect(each.state.get('configmaps', 'team', 'c')).toBeUndefined();
    expect(each.state.get('namespaces', '', 'team')).toBeUndefined();
  });
});

describe('A namespace that ends where other API servers are registered', () => {
  const spec = { group: 'x.io', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 };
  const apiService = (more: object) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.x.io' },
    spec: { ...spec, ...more },
  });
  const ending = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'team', deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: { finalizers: ['kubernetes'] },
  };

  async function begun() {
    const each = new TestCluster([namespaceController]);
    each.put(apiService({ service: { namespace: 'a', name: 'b' } }));
    each.put(ending);
    await each.settle();
    expect(each.state.get('namespaces', '', 'team')).toBeDefined();
    return each;
  }

  it('waits until their content is gone', async () => {
    const each = await begun();
    const condition = { type: 'AggregatedContentDeleted', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
    each.change('namespaces', '', 'team', (object) => {
      object.status = { ...object.status, conditions: [...(object.status?.conditions ?? []), condition] };
    });
    await each.settle();
    expect(each.state.get('namespaces', '', 'team')).toBeUndefined();
  });

  it('waits no longer when they are gone', async () => {
    const each = await begun();
    each.remove('apiregistration.k8s.io/apiservices', '', 'v1.x.io');
    await each.settle();
    expect(each.state.get('namespaces', '', 'team')).toBeUndefined();
  });
});

describe('The garbage collector', () => {
  const controllers = [deploymentController, replicaSetController, garbageCollector];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'web-uid' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'app:1' }] } },
    },
  };

  async function deployed() {
    const each = new TestCluster(controllers);
    each.put(deployment);
    await each.settle();
    each.runPods();
    await each.settle();
    return each;
  }

  async function drain(each: TestCluster) {
    for (let i = 0; i < 5; i++) {
      await each.settle();
      each.runPods();
    }
    await each.settle();
  }

  it('takes what was owned by something that is gone', async () => {
    const each = await deployed();
    each.remove('apps/deployments', 'default', 'web');
    await drain(each);
    expect(each.state.list('apps/replicasets')).toEqual([]);
    expect(each.state.list('pods')).toEqual([]);
  });

  it('deletes in the foreground: the owner goes last', async () => {
    const each = await deployed();
    each.apply({
      do: 'delete',
      type: 'apps/deployments',
      namespace: 'default',
      name: 'web',
      options: { propagationPolicy: 'Foreground' },
    });
    await each.settle();
    expect(each.state.list('apps/deployments')).toHaveLength(1);
    expect(each.state.list('apps/replicasets')).toHaveLength(1);
    await drain(each);
    expect(each.state.list('pods')).toEqual([]);
    expect(each.state.list('apps/replicasets')).toEqual([]);
    expect(each.state.list('apps/deployments')).toEqual([]);
  });

  it('lets dependents live when asked to orphan them', async () => {
    const each = await deployed();
    each.apply({
      do: 'delete',
      type: 'apps/deployments',
      namespace: 'default',
      name: 'web',
      options: { propagationPolicy: 'Orphan' },
    });
    await drain(each);
    expect(each.state.list('apps/deployments')).toEqual([]);
    const [set] = each.state.list('apps/replicasets');
    expect(set?.metadata.ownerReferences).toEqual([]);
    expect(each.state.list('pods')).toHaveLength(2);
  });

  it('keeps an object that has another owner, and drops the reference that leads nowhere', async () => {
    const each = new TestCluster([garbageCollector]);
    each.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'default', uid: 'one' } });
    const reference = (name: string, uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
    const ownerReferences = [reference('one', 'one'), reference('two', 'two')];
    each.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default', ownerReferences } });
    await each.settle();
    expect(each.state.get('secrets', 'default', 's')?.metadata.ownerReferences).toEqual([reference('one', 'one')]);
  });

  it('leaves alone what is owned by a type that nobody serves', async () => {
    const each = new TestCluster([garbageCollector]);
    const ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' }];
    each.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default', ownerReferences } });
    await each.settle();
    expect(each.state.get('secrets', 'default', 's')).toBeDefined();
  });
});
