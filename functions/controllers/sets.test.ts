import { describe, expect, it } from 'vitest';
import { isActive, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { daemonSetController } from './daemonset.ts';
import { statefulSetController } from './statefulset.ts';
import { TestCluster } from './testing/cluster.ts';

function stateful(spec: object, image = 'app:1') {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default', uid: 'db-uid' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'app', image }] } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: {} } }],
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  };
}

const names = (each: TestCluster) =>
  each.state
    .list('pods')
    .map((pod) => pod.metadata.name)
    .sort();

async function until(each: TestCluster, check: () => void = () => undefined) {
  for (let i = 0; i < 40; i++) {
    await each.settle();
    check();
    each.runPods();
  }
}

describe('StatefulSet', () => {
  it('makes its pods in order, each when the one before is ready, with claims of their own', async () => {
    const each = new TestCluster([statefulSetController]);
    each.put(stateful({}));
    await each.settle();
    expect(names(each)).toEqual(['db-0']);
    await until(each);
    expect(names(each)).toEqual(['db-0', 'db-1', 'db-2']);
    const claims = each.state.list('persistentvolumeclaims').map((claim) => claim.metadata.name);
    expect(claims).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
    const pod = each.state.get('pods', 'default', 'db-1');
    expect(pod?.spec).toMatchObject({
      hostname: 'db-1',
      subdomain: 'db',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } }],
    });
    expect(each.state.get('apps/statefulsets', 'default', 'db')?.status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
    });
  });

  it('makes them all at once when asked to', async () => {
    const each = new TestCluster([statefulSetController]);
    each.put(stateful({ podManagementPolicy: 'Parallel' }));
    await each.settle();
    expect(names(each)).toHaveLength(3);
  });

  it('rolls from the highest ordinal down to the partition, one at a time', async () => {
    const each = new TestCluster([statefulSetController]);
    each.put(stateful({}));
    await until(each);
    each.put(stateful({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }, 'app:2'));
    await until(each, () => {
      expect(each.state.list('pods').filter(isReady).length).toBeGreaterThanOrEqual(2);
    });
    const images = () => [0, 1, 2].map((i) => each.state.get('pods', 'default', `db-${i}`)?.spec?.containers[0]?.image);
    expect(images()).toEqual(['app:1', 'app:2', 'app:2']);
    each.put(stateful({}, 'app:2'));
    await until(each);
    expect(images()).toEqual(['app:2', 'app:2', 'app:2']);
    const status = each.state.get('apps/statefulsets', 'default', 'db')?.status;
    expect(status?.currentRevision).toBe(status?.updateRevision);
    expect(each.state.list('apps/controllerrevisions').map((revision) => revision.revision)).toEqual([1, 2]);
  });

  it('keeps a pod below the partition on its old revision when it is made anew', async () => {
    const each = new TestCluster([statefulSetController]);
    each.put(stateful({}));
    await until(each);
    each.put(stateful({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } }, 'app:2'));
    await until(each);
    each.remove('pods', 'default', 'db-1');
    await until(each);
    expect(each.state.get('pods', 'default', 'db-1')?.spec?.containers[0]?.image).toBe('app:1');
  });

  it('scales down from the top and keeps claims unless its policy says otherwise', async () => {
    const each = new TestCluster([statefulSetController]);
    each.put(stateful({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' } }));
    await until(each);
    const pod = each.state.get('pods', 'default', 'db-2');
    each.change('apps/statefulsets', 'default', 'db', (set) => {
      set.spec!.replicas = 2;
    });
    await until(each);
    expect(names(each)).toEqual(['db-0', 'db-1']);
    const claim = each.state.get('persistentvolumeclaims', 'default', 'data-db-2');
    expect(claim?.metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([pod?.metadata.uid]);
    expect(each.state.get('persistentvolumeclaims', 'default', 'data-db-1')?.metadata.ownerReferences).toBeUndefined();
  });

  it('removes an unhealthy pod while others are unhealthy only when it is the first of them', async () => {
    const each = new TestCluster([statefulSetController]);
    each.put(stateful({}));
    await until(each);
    const mark = (name: string, status: string) =>
      each.put({
        ...each.state.get('pods', 'default', name)!,
        status: { phase: 'Running', conditions: [{ type: 'Ready', status }] },
      });
    for (const name of ['db-0', 'db-1', 'db-2']) mark(name, 'False');
    each.put({ ...each.state.get('apps/statefulsets', 'default', 'db')!, spec: { ...stateful({}).spec, replicas: 0 } });
    await each.settle();
    expect(names(each)).toEqual(['db-0', 'db-1', 'db-2']);
    for (const name of ['db-0', 'db-1']) mark(name, 'True');
    await each.settle();
    expect(each.state.get('pods', 'default', 'db-2')?.metadata.deletionTimestamp).toBeDefined();
  });

  it('replaces a pod that failed under the same name', async () => {
    const each = new TestCluster([statefulSetController]);
    each.put(stateful({}));
    await until(each);
    const before = each.state.get('pods', 'default', 'db-1')?.metadata.uid;
    each.finishPods('Failed', (pod) => pod.metadata.name === 'db-1');
    await until(each);
    // Not at once: a node may refuse each of them.
    expect(each.state.get('pods', 'default', 'db-1')?.metadata.uid).toBe(before);
    each.advance(1000);
    await until(each);
    const after = each.state.get('pods', 'default', 'db-1');
    expect(after?.metadata.uid).not.toBe(before);
    expect(isReady(after!)).toBe(true);
  });
});

function daemon(spec: object = {}, image = 'app:1') {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'default', uid: 'agent-uid' },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'app', image }] } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      ...spec,
    },
  };
}

function node(name: string, spec: object = {}) {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec };
}

describe('DaemonSet', () => {
  function nodes(count: number) {
    const each = new TestCluster([daemonSetController]);
    for (let i = 0; i < count; i++) each.put(node(`n${i}`));
    return each;
  }
  const status = (each: TestCluster) => each.state.get('apps/daemonsets', 'default', 'agent')?.status;

  it('has one pod on each node, on new ones too, and none where a taint forbids it', async () => {
    const each = nodes(2);
    each.put(node('control', { taints: [{ key: 'role', value: 'control', effect: 'NoSchedule' }] }));
    each.put(daemon());
    await each.settle();
    expect(each.state.list('pods')).toHaveLength(2);
    each.put(node('n2'));
    await until(each);
    expect(each.state.list('pods')).toHaveLength(3);
    expect(status(each)).toMatchObject({
      desiredNumberScheduled: 3,
      numberReady: 3,
      numberAvailable: 3,
      numberMisscheduled: 0,
    });
  });

  it('stays on a node that is cordoned, and leaves one that it no longer fits', async () => {
    const each = nodes(1);
    each.put(daemon());
    await until(each);
    each.put(
      node('n0', { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] }),
    );
    await until(each);
    expect(each.state.list('pods')).toHaveLength(1);
    each.put(node('n0', { taints: [{ key: 'broken', effect: 'NoExecute' }] }));
    await until(each);
    expect(each.state.list('pods')).toHaveLength(0);
  });

  it('rolls with at most maxUnavailable nodes without a ready pod', async () => {
    const each = nodes(4);
    each.put(daemon());
    await until(each);
    each.put(daemon({}, 'app:2'));
    await until(each, () =>
      expect(each.state.list('pods').filter((pod) => isActive(pod) && isReady(pod)).length).toBeGreaterThanOrEqual(3),
    );
    expect(each.state.list('pods').map((pod) => pod.spec?.containers[0]?.image)).toEqual(Array(4).fill('app:2'));
    expect(status(each)).toMatchObject({ updatedNumberScheduled: 4 });
  });

  it('surges: the new pod is ready before the old one goes', async () => {
    const each = nodes(3);
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    each.put(daemon({ updateStrategy }));
    const roll = async (check: () => void) => {
      for (let i = 0; i < 20; i++) {
        await each.settle();
        check();
        each.runPods();
      }
    };
    await roll(() => undefined);
    each.put(daemon({ updateStrategy }, 'app:2'));
    await roll(() => {
      const active = each.state.list('pods').filter(isActive);
      expect(active.length).toBeLessThanOrEqual(4);
      expect(active.filter(isReady).length).toBeGreaterThanOrEqual(3);
    });
    expect(each.state.list('pods').map((pod) => pod.spec?.containers[0]?.image)).toEqual(Array(3).fill('app:2'));
  });
});
