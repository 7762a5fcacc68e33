import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../../core/machinery/status.ts';
import type { V2HorizontalPodAutoscalerSpec, V2HPAScalingPolicy } from '../../generated/kubernetes.ts';
import { deploymentController } from './deployment.ts';
import { createHorizontalPodAutoscalerController } from './horizontal-pod-autoscaler.ts';
import { historyAnnotation } from './horizontal-pod-autoscaler-history.ts';
import type { ReadApi } from './read-api.ts';
import { replicaSetController } from './replicaset.ts';
import { TestCluster } from './testing/cluster.ts';

const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
const minute = 60_000;

/** A Deployment whose pods request a whole CPU each, and an autoscaler on it. `load`: CPUs that all pods use together. */
function cluster(spec: Partial<V2HorizontalPodAutoscalerSpec> = {}, replicas = 2) {
  const load = { cpus: 1, answers: new Map<string, unknown>(), reads: 0 };
  const read: ReadApi = async (path) => {
    load.reads++;
    const answer = load.answers.get(path);
    if (answer) return answer;
    if (!path.startsWith('/apis/metrics.k8s.io/')) throw new StatusError('NotFound', 'the server could not find it');
    const pods = each.state.list('pods').filter((pod) => pod.status?.phase === 'Running');
    return {
      items: pods.map(({ metadata: { name } }) => ({
        metadata: { name },
        timestamp: new Date(each.now).toISOString(),
        window: '15s',
        containers: [
          { name: 'app', usage: { cpu: `${Math.round((load.cpus * 1e9) / pods.length)}n`, memory: '64Mi' } },
        ],
      })),
    };
  };
  const each = new TestCluster([
    deploymentController,
    replicaSetController,
    createHorizontalPodAutoscalerController({ read }),
  ]);
  const containers = [{ name: 'app', image: 'app:1', resources: { requests: { cpu: '1' } } }];
  each.put({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
    },
  });
  const autoscaler = () => {
    const found = each.state.get('autoscaling/horizontalpodautoscalers', 'default', 'web');
    if (!found) throw new Error('the autoscaler is gone');
    return found;
  };
  return {
    each,
    load,
    autoscaler,
    /** Puts the autoscaler there: after the pods run, since starting pods have no say. */
    async start() {
      await each.settle();
      each.runPods();
      each.advance(10 * minute);
      each.put({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'web', namespace: 'default' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          minReplicas: 1,
          maxReplicas: 10,
          metrics: [cpu],
          ...spec,
        },
      });
      await each.settle();
      each.runPods();
    },
    /** Lets time pass in rounds of the autoscaler; pods run as soon as they are there. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 15_000) {
        each.advance(15_000);
        await each.settle();
        each.runPods();
        await each.settle();
      }
    },
    replicas: () => each.state.get('apps/deployments', 'default', 'web')?.spec?.replicas,
    conditions: () =>
      Object.fromEntries((autoscaler().status?.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}`])),
  };
}

describe('An autoscaler', () => {
  it('adds replicas under load, says why, and takes them away only when the load stayed low for five minutes', async () => {
    const { each, load, start, pass, replicas, conditions, autoscaler } = cluster();
    load.cpus = 1;
    await start();
    expect(replicas()).toBe(2);
    expect(conditions()).toEqual({
      AbleToScale: 'True ReadyForNewScale',
      ScalingActive: 'True ValidMetricFound',
      ScalingLimited: 'False DesiredWithinRange',
    });
    load.cpus = 2;
    await pass(15_000);
    expect(replicas()).toBe(4);
    expect(each.events).toContainEqual({
      type: 'Normal',
      reason: 'SuccessfulRescale',
      message: 'New size: 4; reason: cpu resource utilization (percentage of request) above target',
    });
    expect(autoscaler().status).toMatchObject({
      currentReplicas: 2,
      desiredReplicas: 4,
      currentMetrics: [{ resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '1' } } }],
    });
    await pass(10 * minute);
    expect(replicas()).toBe(4);
    load.cpus = 0.4;
    await pass(4 * minute);
    expect(replicas()).toBe(4);
    expect(conditions()['AbleToScale']).toBe('True ScaleDownStabilized');
    await pass(2 * minute);
    expect(replicas()).toBe(1);
  });

  it('does not count new pods of a rising load twice', async () => {
    const { each, load, start, replicas } = cluster();
    load.cpus = 2;
    await start();
    expect(replicas()).toBe(4);
    each.advance(15_000);
    await each.settle();
    // The new pods are there and Pending: the load stands on two still, and four are on their way.
    expect(replicas()).toBe(4);
  });

  it('keeps what it remembers in the cluster, so that another process goes on where one ended', async () => {
    const first = cluster();
    first.load.cpus = 2;
    await first.start();
    await first.pass(10 * minute);
    first.load.cpus = 0.4;
    await first.pass(minute);
    // A process that knows only what is stored, four minutes before the window ends.
    const again = createHorizontalPodAutoscalerController({
      read: async () => ({
        items: first.each.state.list('pods').map(({ metadata: { name } }) => ({
          metadata: { name },
          timestamp: new Date(first.each.now).toISOString(),
          window: '15s',
          containers: [{ name: 'app', usage: { cpu: '100m' } }],
        })),
      }),
    });
    const context = { now: first.each.now + 15_000, random: () => 0.5 };
    const actions = await again.reconcile(first.each.state, 'default/web', context);
    expect(actions.filter((action) => action.do === 'patch')).toEqual([]);
    expect(first.autoscaler().metadata.annotations?.[historyAnnotation]).toBeDefined();
  });

  it('writes nothing while nothing changes', async () => {
    const { each, start, pass, autoscaler } = cluster();
    await start();
    await pass(30_000);
    const before = autoscaler().metadata.resourceVersion;
    await pass(30 * minute);
    expect(autoscaler().metadata.resourceVersion).toBe(before);
    expect(each.events.filter(({ reason }) => reason !== 'SuccessfulCreate' && reason !== 'ScalingReplicaSet')).toEqual(
      [],
    );
  });

  it('is not woken when it is gone', async () => {
    const { each, load, start, pass } = cluster();
    await start();
    each.remove('autoscaling/horizontalpodautoscalers', 'default', 'web');
    const { reads } = load;
    await pass(5 * minute);
    expect(load.reads).toBe(reads);
  });

  it('takes nothing away while one of its metrics is unknown, but adds', async () => {
    const queue = {
      type: 'External',
      external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } },
    };
    const { load, start, pass, replicas, conditions, each } = cluster({ metrics: [queue, cpu] }, 4);
    load.cpus = 0.1;
    await start();
    await pass(10 * minute);
    expect(replicas()).toBe(4);
    expect(conditions()['ScalingActive']).toBe('False FailedGetExternalMetric');
    expect(each.events.map(({ reason }) => reason)).toContain('FailedComputeMetricsReplicas');
    load.cpus = 3;
    await pass(15_000);
    expect(replicas()).toBe(6);
    load.answers.set('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue', {
      items: [{ value: '50' }, { value: '40' }],
    });
    load.cpus = 0.1;
    await pass(10 * minute);
    expect(replicas()).toBe(9);
  });

  it('says that it cannot find what it is to scale, or its pods', async () => {
    const { each, start, conditions, pass } = cluster({
      scaleTargetRef: { kind: 'Deployment', name: 'other', apiVersion: 'apps/v1' },
    });
    await start();
    expect(conditions()).toEqual({ AbleToScale: 'False FailedGetScale' });
    expect(each.events).toContainEqual(
      expect.objectContaining({ reason: 'FailedGetScale', message: 'deployments.apps "other" not found' }),
    );
    each.change('autoscaling/horizontalpodautoscalers', 'default', 'web', ({ spec }) => {
      if (spec) spec.scaleTargetRef.name = 'web';
    });
    await pass(15_000);
    expect(conditions()['AbleToScale']).toBe('True ReadyForNewScale');
    each.put({
      ...structuredClone(each.state.get('autoscaling/horizontalpodautoscalers', 'default', 'web')),
      metadata: { name: 'rival', namespace: 'default' },
    });
    await pass(15_000);
    expect(conditions()['ScalingActive']).toBe('False AmbiguousSelector');
  });

  it('leaves alone what was scaled to zero, and brings back what is out of bounds at once', async () => {
    const { each, start, pass, replicas, conditions } = cluster({ minReplicas: 3 }, 1);
    await start();
    expect(replicas()).toBe(3);
    expect(each.events.at(-1)?.message).toBeDefined();
    each.change('apps/deployments', 'default', 'web', ({ spec }) => {
      if (spec) spec.replicas = 0;
    });
    await pass(minute);
    expect(replicas()).toBe(0);
    expect(conditions()['ScalingActive']).toBe('False ScalingDisabled');
    each.change('apps/deployments', 'default', 'web', ({ spec }) => {
      if (spec) spec.replicas = 15;
    });
    await pass(15_000);
    expect(replicas()).toBe(10);
  });

  it('goes no faster than its policies, and not at all where they are disabled', async () => {
    const behavior = {
      scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }], stabilizationWindowSeconds: 0 },
      scaleDown: { selectPolicy: 'Disabled', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
    };
    const { load, start, pass, replicas, conditions } = cluster({ behavior });
    load.cpus = 5;
    await start();
    expect(replicas()).toBe(3);
    expect(conditions()['ScalingLimited']).toBe('True ScaleUpLimit');
    await pass(45_000);
    expect(replicas()).toBe(3);
    await pass(15_000);
    expect(replicas()).toBe(4);
    load.cpus = 0.1;
    await pass(20 * minute);
    expect(replicas()).toBe(4);
    expect(conditions()['ScalingLimited']).toBe('True ScaleDownLimit');
  });

  it('has the tolerance that it was given', async () => {
    const behavior = { scaleUp: { tolerance: '0.5', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } };
    const { load, start, pass, replicas } = cluster({ behavior });
    load.cpus = 1.4;
    await start();
    await pass(minute);
    expect(replicas()).toBe(2);
    load.cpus = 1.6;
    await pass(minute);
    expect(replicas()).toBe(4);
  });

  it('stays within its bounds whatever the load does, and comes to rest when the load does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ min: fc.integer({ min: 1, max: 5 }), more: fc.integer({ min: 0, max: 6 }) }),
        fc.array(
          fc.record({ cpus: fc.double({ min: 0, max: 8, noNaN: true }), rounds: fc.integer({ min: 1, max: 8 }) }),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        fc.option(
          fc.record({
            scaleUp: fc.record({
              stabilizationWindowSeconds: fc.constantFrom(0, 30, 120),
              selectPolicy: fc.constantFrom('Max', 'Min'),
              policies: fc.constant<V2HPAScalingPolicy[]>([
                { type: 'Pods', value: 2, periodSeconds: 30 },
                { type: 'Percent', value: 50, periodSeconds: 60 },
              ]),
            }),
            scaleDown: fc.record({
              stabilizationWindowSeconds: fc.constantFrom(0, 60),
              policies: fc.constant<V2HPAScalingPolicy[]>([{ type: 'Pods', value: 1, periodSeconds: 15 }]),
            }),
          }),
          { nil: undefined },
        ),
        async ({ min, more }, phases, behavior) => {
          const max = min + more;
          const spec = { minReplicas: min, maxReplicas: max, ...(behavior && { behavior }) };
          const { load, start, pass, replicas, each } = cluster(spec, min);
          await start();
          for (const { cpus, rounds } of phases) {
            load.cpus = cpus;
            for (let i = 0; i < rounds; i++) {
              await pass(15_000);
              expect(replicas()).toBeGreaterThanOrEqual(min);
              expect(replicas()).toBeLessThanOrEqual(max);
            }
          }
          await pass(30 * minute);
          const rested = replicas();
          const events = each.events.length;
          await pass(5 * minute);
          expect(replicas()).toBe(rested);
          expect(each.events).toHaveLength(events);
        },
      ),
      { numRuns: 40 },
    );
  });
});
