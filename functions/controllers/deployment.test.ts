import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isActive } from '../../core/kinds/core/pod/semantics/state.ts';
import { deploymentController } from './deployment.ts';
import { bounds, desiredOf } from './deployment-replicas.ts';
import { isAvailable } from './pod-state.ts';
import { replicaSetController } from './replicaset.ts';
import { TestCluster } from './testing/cluster.ts';

interface DeploymentOptions {
  replicas: number;
  image?: string;
  maxSurge?: number | string;
  maxUnavailable?: number | string;
  strategy?: 'Recreate' | 'RollingUpdate';
  paused?: boolean;
}

function deployment(options: DeploymentOptions) {
  const { replicas, image = 'app:1', maxSurge, maxUnavailable, strategy = 'RollingUpdate', paused } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'web-uid' },
    spec: {
      replicas,
      ...(paused && { paused }),
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      selector: { matchLabels: { app: 'web' } },
      strategy: {
        type: strategy,
        ...(strategy === 'RollingUpdate' && { rollingUpdate: { maxSurge, maxUnavailable } }),
      },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image }] } },
    },
  };
}

function cluster() {
  return new TestCluster([deploymentController, replicaSetController]);
}

async function rollOut(each: TestCluster, check: () => void = () => undefined): Promise<void> {
  for (let round = 0; round < 200; round++) {
    await each.settle();
    check();
    const before = JSON.stringify(each.state.list('pods'));
    each.runPods();
    check();
    if (JSON.stringify(each.state.list('pods')) === before) return;
  }
  throw new Error('the rollout does not end');
}

const setsOf = (each: TestCluster) =>
  each.state.list('apps/replicasets').map(({ metadata, spec }) => ({
    revision: metadata.annotations?.['deployment.kubernetes.io/revision'],
    image: spec?.template?.spec?.containers[0]?.image,
    replicas: spec?.replicas,
  }));

const conditionsOf = (each: TestCluster) =>
  Object.fromEntries(
    (each.state.get('apps/deployments', 'default', 'web')?.status?.conditions ?? []).map((condition) => [
      condition.type,
      `${condition.status} ${condition.reason}`,
    ]),
  );

describe('Deployment', () => {
  it('brings up its pods and says that it is available', async () => {
    const each = cluster();
    each.put(deployment({ replicas: 3 }));
    await rollOut(each);
    const status = each.state.get('apps/deployments', 'default', 'web')?.status;
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
    expect(conditionsOf(each)).toEqual({
      Available: 'True MinimumReplicasAvailable',
      Progressing: 'True NewReplicaSetAvailable',
    });
    expect(each.events.map((event) => event.reason)).toContain('ScalingReplicaSet');
  });

  it('names pods as users know them', async () => {
    const each = cluster();
    each.put(deployment({ replicas: 1 }));
    await each.settle();
    expect(each.state.list('pods')[0]?.metadata.name).toMatch(/^web-[bcdf-z0-9]{7,10}-[bcdf-z0-9]{5}$/);
  });

  it('rolls to a new template and keeps the old one as a revision', async () => {
    const each = cluster();
    each.put(deployment({ replicas: 3 }));
    await rollOut(each);
    each.change('apps/deployments', 'default', 'web', (object) => {
      object.spec!.template.spec!.containers[0]!.image = 'app:2';
    });
    await rollOut(each);
    expect(setsOf(each)).toEqual([
      { revision: '1', image: 'app:1', replicas: 0 },
      { revision: '2', image: 'app:2', replicas: 3 },
    ]);
    const annotations = each.state.get('apps/deployments', 'default', 'web')?.metadata.annotations;
    expect(annotations?.['deployment.kubernetes.io/revision']).toBe('2');
  });

  it('gives a template that comes back a new revision and remembers the one that it had', async () => {
    const each = cluster();
    for (const image of ['app:1', 'app:2', 'app:1']) {
      each.put({ ...each.state.get('apps/deployments', 'default', 'web'), ...deployment({ replicas: 1, image }) });
      await rollOut(each);
    }
    expect(setsOf(each).map((set) => set.revision)).toEqual(['3', '2']);
    const history = each.state.list('apps/replicasets')[0]?.metadata.annotations;
    expect(history?.['deployment.kubernetes.io/revision-history']).toBe('1');
  });

  it('recreates only after every old pod is gone', async () => {
    const each = cluster();
    each.put(deployment({ replicas: 2, strategy: 'Recreate' }));
    await rollOut(each);
    each.put(deployment({ replicas: 2, strategy: 'Recreate', image: 'app:2' }));
    await rollOut(each, () => {
      const images = new Set(each.state.list('pods').map((pod) => pod.spec?.containers[0]?.image));
      expect(images.size).toBeLessThanOrEqual(1);
    });
    expect(each.state.list('pods').map((pod) => pod.spec?.containers[0]?.image)).toEqual(['app:2', 'app:2']);
  });

  it('does not roll while it is paused, but scales', async () => {
    const each = cluster();
    each.put(deployment({ replicas: 2 }));
    await rollOut(each);
    each.put(deployment({ replicas: 4, image: 'app:2', paused: true }));
    await rollOut(each);
    expect(setsOf(each)).toEqual([{ revision: '1', image: 'app:1', replicas: 4 }]);
    expect(conditionsOf(each)['Progressing']).toBe('Unknown DeploymentPaused');
  });

  it('gives up waiting at the progress deadline, and recovers', async () => {
    const each = cluster();
    each.put(deployment({ replicas: 1 }));
    await each.settle();
    each.advance(602_000);
    await each.settle();
    expect(conditionsOf(each)['Progressing']).toBe('False ProgressDeadlineExceeded');
    await rollOut(each);
    expect(conditionsOf(each)['Progressing']).toBe('True NewReplicaSetAvailable');
  });

  it('removes revisions beyond the history limit', async () => {
    const each = cluster();
    for (const image of ['app:1', 'app:2', 'app:3', 'app:4']) {
      const next = deployment({ replicas: 1, image });
      each.put({ ...next, spec: { ...next.spec, revisionHistoryLimit: 1 } });
      await rollOut(each);
    }
    expect(setsOf(each).map((set) => set.revision)).toEqual(['3', '4']);
  });

  it('takes another name when its ReplicaSet name is taken', async () => {
    const each = cluster();
    each.put(deployment({ replicas: 1 }));
    await each.settle();
    const first = each.state.list('apps/replicasets')[0]!;
    each.remove('apps/replicasets', 'default', first.metadata.name);
    each.put({ ...first, metadata: { name: first.metadata.name, namespace: 'default', labels: { app: 'other' } } });
    await rollOut(each);
    expect(each.state.list('apps/replicasets')).toHaveLength(2);
    expect(each.state.get('apps/deployments', 'default', 'web')?.status?.collisionCount).toBe(1);
  });

  it('stays within maxSurge and minAvailable through any series of changes', async () => {
    const size = fc.integer({ min: 0, max: 12 });
    const share = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('0%', '25%', '50%', '100%'));
    const change = fc.record({ image: fc.constantFrom('app:1', 'app:2', 'app:3') });
    await fc.assert(
      fc.asyncProperty(
        size,
        share,
        share,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (replicas, maxSurge, maxUnavailable, changes) => {
          const each = cluster();
          each.put(deployment({ replicas, maxSurge, maxUnavailable }));
          await rollOut(each);
          for (const { image } of changes) {
            each.put(deployment({ replicas, maxSurge, maxUnavailable, image }));
            const object = each.state.get('apps/deployments', 'default', 'web')!;
            const limits = bounds(object);
            await rollOut(each, () => {
              const pods = each.state.list('pods').filter(isActive);
              expect(pods.length).toBeLessThanOrEqual(desiredOf(object) + limits.maxSurge);
              const available = pods.filter((pod) => isAvailable(pod, 0, each.now)).length;
              expect(available).toBeGreaterThanOrEqual(desiredOf(object) - limits.maxUnavailable);
            });
            const images = each.state.list('pods').map((pod) => pod.spec?.containers[0]?.image);
            expect(images).toEqual(Array.from({ length: replicas }, () => image));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reaches the size that it was scaled to in the middle of a rollout', async () => {
    const size = fc.integer({ min: 0, max: 20 });
    await fc.assert(
      fc.asyncProperty(size, size, async (before, after) => {
        const each = cluster();
        each.put(deployment({ replicas: before }));
        await rollOut(each);
        each.put(deployment({ replicas: before, image: 'app:2' }));
        await each.settle();
        each.put(deployment({ replicas: after, image: 'app:2' }));
        await rollOut(each);
        const images = each.state.list('pods').map((pod) => pod.spec?.containers[0]?.image);
        expect(images).toEqual(Array.from({ length: after }, () => 'app:2'));
      }),
      { numRuns: 60 },
    );
  });
});
