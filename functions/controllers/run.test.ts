// The loop over the real registry and the embedded store, two of everything at once (D4).

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../core/machinery/object.ts';
import { hasReason } from '../../core/machinery/status.ts';
import { keyOf } from '../../core/registry/target.ts';
import { openTestRegistry, type TestRegistry } from '../../core/registry/testing.ts';
import { decodeObject } from '../../core/store/encode-object.ts';
import { controllers } from './all.ts';
import type { ObjectOf } from './controller.ts';
import { localPathProvisioner } from './local-path-volume.ts';
import { type RunningControllers, startControllers } from './run.ts';

let cluster: TestRegistry;
let running: RunningControllers[] = [];
let identities = 0;
const problems: string[] = [];

beforeEach(async () => {
  cluster = await openTestRegistry();
  problems.length = 0;
  running = [start(), start()];
  await cluster.create('nodes', '', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
  await cluster.namespace('team');
});

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await cluster.close();
});

function start(): RunningControllers {
  return startControllers({
    store: cluster.store,
    identity: `process-${identities++}`,
    replicas: cluster.replicas,
    registry: cluster.registry,
    definitions: cluster.definitions,
    controllers: controllers({ caCertificate: 'PEM', podCIDR: '10.244.0.0/16' }),
    clock: () => cluster.time.now.getTime(),
    // as: Node's own timers take what they gave.
    timers: { setTimeout, clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout) },
    random: () => 0.5,
    log: (message, error) => problems.push(`${message}: ${error instanceof Error ? error.stack : error}`),
  });
}

async function list<T extends string>(type: T, namespace = 'team'): Promise<ObjectOf<T>[]> {
  const { entries } = await cluster.registry.list(cluster.context, cluster.target(type, namespace || undefined), {});
  // What is stored under a type has the type's fields.
  return entries.map((each) => each.object as ObjectOf<T>);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await Promise.all(running.map((each) => each.idle()));
}

/** Plays scheduler and kubelet for every pod that has no node or is on its way out. */
async function runPods(phase = 'Running'): Promise<void> {
  for (const pod of await list('pods')) {
    await runPod(pod, phase).catch((error) => {
      // A controller may have taken it meanwhile.
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    });
  }
  await settle();
}

async function runPod(pod: ObjectOf<'pods'>, phase: string): Promise<void> {
  const { namespace, name } = pod.metadata;
  const target = cluster.target('pods', namespace, name);
  if (pod.metadata.deletionTimestamp) {
    await cluster.registry.delete(cluster.context, target, { gracePeriodSeconds: 0 });
    return;
  }
  if (!pod.spec?.nodeName) {
    const binding = { metadata: { name, namespace }, target: { kind: 'Node', name: 'node-1' } };
    await cluster.registry.create(cluster.context, { ...target, subresource: 'binding' }, binding as KubeObject);
  }
  const status = {
    phase,
    podIP: '10.244.0.7',
    conditions: [{ type: 'Ready', status: phase === 'Running' ? 'True' : 'False' }],
  };
  await cluster.registry.patch(cluster.context, { ...target, subresource: 'status' }, 'merge', { status });
}

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: 'app:1' }] },
};

function deployment(replicas: number) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'team' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template },
  };
}

describe('Two sets of controllers at once', () => {
  it('bring up a Deployment with its Service, without a pod too many, and roll it', async () => {
    const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
    await cluster.create('services', 'team', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec });
    await cluster.create('apps/deployments', 'team', deployment(5));
    await settle();
    expect(await list('apps/replicasets')).toHaveLength(1);
    expect(await list('pods')).toHaveLength(5);
    await runPods();
    const found = (await list('apps/deployments'))[0];
    expect(found?.status).toMatchObject({ replicas: 5, availableReplicas: 5, updatedReplicas: 5 });
    const slices = await list('discovery.k8s.io/endpointslices');
    expect(slices.flatMap((each) => each.endpoints ?? [])).toHaveLength(5);

    const change = { spec: { template: { spec: { containers: [{ name: 'app', image: 'app:2' }] } } } };
    await cluster.registry.patch(
      cluster.context,
      cluster.target('apps/deployments', 'team', 'web'),
      'strategic',
      change,
    );
    for (let i = 0; i < 12; i++) {
      await settle();
      await runPods();
    }
    const pods = await list('pods');
    expect(pods.map((each) => each.spec?.containers[0]?.image)).toEqual(Array.from({ length: 5 }, () => 'app:2'));
    const reasons = (await list('events')).map((each) => (each as KubeObject)['reason']);
    expect(reasons).toContain('ScalingReplicaSet');
    expect(reasons).toContain('SuccessfulCreate');
    expect(problems).toEqual([]);
  });

  it('run a Job and count each pod once', async () => {
    const spec = { completions: 4, parallelism: 2, template: { spec: { ...template.spec, restartPolicy: 'Never' } } };
    await cluster.create('batch/jobs', 'team', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'work' },
      spec,
    });
    for (let i = 0; i < 3; i++) {
      await settle();
      await runPods('Succeeded');
    }
    const job = (await list('batch/jobs'))[0];
    expect(job?.status).toMatchObject({ succeeded: 4 });
    expect(job?.status?.conditions?.map((each) => each.type)).toContain('Complete');
    expect(await list('pods')).toHaveLength(4);
    expect(problems).toEqual([]);
  });

  it('make the claim that a pod asks for once, and take its devices back when the pod ends', async () => {
    const type = 'resource.k8s.io/resourceclaims';
    const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 };
    await cluster.create('resource.k8s.io/resourceclaimtemplates', 'team', {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaimTemplate',
      metadata: { name: 'one' },
      spec: { spec: { devices: { requests: [{ name: 'r', exactly }] } } },
    });
    const resourceClaims = [{ name: 'gpu', resourceClaimTemplateName: 'one' }];
    const containers = [{ name: 'app', image: 'app:1', resources: { claims: [{ name: 'gpu' }] } }];
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { resourceClaims, containers } };
    const pod = await cluster.create('pods', 'team', object);
    await settle();
    const [claim, ...more] = await list(type);
    expect(more).toEqual([]);
    expect(claim?.spec?.devices?.requests).toEqual([{ name: 'r', exactly }]);
    const name = claim?.metadata.name ?? '';
    expect((await list('pods'))[0]?.status?.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: name }]);

    // As a scheduler does that allocates.
    const { context } = cluster;
    const finalizers = ['resource.kubernetes.io/delete-protection'];
    await cluster.registry.patch(context, cluster.target(type, 'team', name), 'merge', { metadata: { finalizers } });
    const results = [{ request: 'r', driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-0' }];
    const reservedFor = [{ resource: 'pods', name: 'p', uid: pod.metadata.uid }];
    const status = { allocation: { devices: { results } }, reservedFor };
    const target = { ...cluster.target(type, 'team', name), subresource: 'status' };
    await cluster.registry.patch(context, target, 'merge', { status });
    await settle();
    expect((await list(type))[0]?.status).toMatchObject(status);

    await runPods('Succeeded');
    expect(await list(type)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('delete what a Deployment owned, in the foreground', async () => {
    await cluster.create('apps/deployments', 'team', deployment(3));
    await settle();
    await runPods();
    const target = cluster.target('apps/deployments', 'team', 'web');
    await cluster.registry.delete(cluster.context, target, { propagationPolicy: 'Foreground' });
    for (let i = 0; i < 4; i++) {
      await settle();
      await runPods();
    }
    expect(await list('pods')).toEqual([]);
    expect(await list('apps/replicasets')).toEqual([]);
    expect(await list('apps/deployments')).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('empty a namespace and let it go', async () => {
    await cluster.create('apps/deployments', 'team', deployment(2));
    await settle();
    expect((await list('serviceaccounts')).map((each) => each.metadata.name)).toEqual(['default']);
    await cluster.registry.delete(cluster.context, cluster.target('namespaces', undefined, 'team'));
    for (let i = 0; i < 3; i++) {
      await settle();
      await runPods();
    }
    await settle();
    expect((await list('namespaces', '')).map((each) => each.metadata.name)).not.toContain('team');
    expect(problems).toEqual([]);
  });
});

describe('Two sets of controllers, beyond one Deployment,', () => {
  it('run a StatefulSet on local-path volumes, and a DaemonSet', async () => {
    const metadata = { name: 'local-path' };
    await cluster.create('storage.k8s.io/storageclasses', '', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata,
      provisioner: localPathProvisioner,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
    });
    const nodeStatus = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    const node = { ...cluster.target('nodes', undefined, 'node-1'), subresource: 'status' };
    await cluster.registry.patch(cluster.context, node, 'merge', nodeStatus);
    const selector = { matchLabels: { app: 'web' } };
    const claim = {
      metadata: { name: 'data' },
      spec: {
        storageClassName: 'local-path',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
    };
    await cluster.create('apps/statefulsets', 'team', {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: { replicas: 2, serviceName: 'db', selector, template, volumeClaimTemplates: [claim] },
    });
    const daemonTemplate = { ...template, metadata: { labels: { app: 'agent' } } };
    await cluster.create('apps/daemonsets', 'team', {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent' },
      spec: { selector: { matchLabels: { app: 'agent' } }, template: daemonTemplate },
    });
    for (let i = 0; i < 4; i++) {
      await settle();
      await runPods();
    }
    expect((await list('nodes', ''))[0]?.spec?.podCIDR).toMatch(/^10\.244\./);
    expect((await list('apps/statefulsets'))[0]?.status).toMatchObject({ replicas: 2, readyReplicas: 2 });
    expect((await list('apps/daemonsets'))[0]?.status).toMatchObject({ desiredNumberScheduled: 1, numberReady: 1 });
    const claims = await list('persistentvolumeclaims');
    expect(claims.map((each) => each.status?.phase)).toEqual(['Bound', 'Bound']);
    expect((await list('persistentvolumes', '')).map((each) => each.status?.phase)).toEqual(['Bound', 'Bound']);
    expect(problems).toEqual([]);
  });
});

describe('A set of controllers', () => {
  it('loses nothing that it wrote by a status that it made before', async () => {
    await running[1]?.stop();
    await cluster.create('apps/deployments', 'team', deployment(2));
    for (let i = 0; i < 4; i++) {
      await settle();
      await runPods();
    }
    const key = keyOf(cluster.target('apps/deployments', 'team', 'web'));
    const { entries } = await cluster.store.past('apps/deployments', key);
    const revisions = entries.map(({ value }) => {
      const { metadata } = decodeObject(value);
      return metadata.annotations?.['deployment.kubernetes.io/revision'];
    });
    // The newest first: created without, and with it from the first write on.
    expect(revisions.slice(0, -1)).toEqual(revisions.slice(0, -1).map(() => '1'));
    expect(revisions.at(-1)).toBeUndefined();
  });

  it('says in the status why pods cannot be created, and goes on when they can', async () => {
    const object = deployment(1);
    const spec = { ...template.spec, priorityClassName: 'missing' };
    await cluster.create('apps/replicasets', 'team', {
      ...object,
      kind: 'ReplicaSet',
      spec: { ...object.spec, template: { ...template, spec } },
    });
    await expect.poll(conditionsOf, { timeout: 5000 }).toEqual(['ReplicaFailure FailedCreate']);
    await cluster.create('scheduling.k8s.io/priorityclasses', '', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'missing' },
      value: 5,
    });
    await expect.poll(conditionsOf).toEqual([]);
    expect(await list('pods')).toHaveLength(1);
  });
});

async function conditionsOf(): Promise<string[]> {
  const conditions = (await list('apps/replicasets'))[0]?.status?.conditions ?? [];
  return conditions.map((each) => `${each.type} ${each.reason}`);
}
