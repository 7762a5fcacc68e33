// What holds of every workload whatever happens to it: changes of size and template, pods that fail, are deleted or start late, in any
// order. Afterwards all comes to rest, and then nothing more is written.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isActive, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { daemonSetController } from './daemonset.ts';
import { endpointSliceController } from './endpoint-slice.ts';
import { jobController } from './job.ts';
import type { Pod } from './pod-state.ts';
import { replicaSetController } from './replicaset.ts';
import { statefulSetController } from './statefulset.ts';
import { TestCluster } from './testing/cluster.ts';

type Step =
  | { do: 'scale'; to: number }
  | { do: 'roll'; image: number }
  | { do: 'run'; share: number }
  | { do: 'fail'; which: number }
  | { do: 'delete'; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('scale' as const), to: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ do: fc.constant('roll' as const), image: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('run' as const), share: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('fail' as const), which: fc.nat(9) }),
  fc.record({ do: fc.constant('delete' as const), which: fc.nat(9) }),
);
const story = fc.array(step, { minLength: 1, maxLength: 12 });
const options = { numRuns: 30 };

const template = (image: number, more: object = {}) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: `app:${image}` }], ...more },
});

const podsOf = (each: TestCluster): Pod[] => each.state.list('pods');

/** Tells a story of one workload. `check` runs after every step, when the controllers have dealt with it. */
async function tell(
  each: TestCluster,
  steps: readonly Step[],
  change: (step: Step) => void,
  check: () => void,
): Promise<void> {
  await each.settle();
  check();
  for (const next of steps) {
    const pods = podsOf(each);
    const chosen = 'which' in next ? pods[next.which % Math.max(1, pods.length)] : undefined;
    if (next.do === 'run') each.runPods({ only: (pod) => pods.indexOf(pod) % next.share === 0 });
    else if (next.do === 'fail' && chosen) each.finishPods('Failed', (pod) => pod === chosen);
    else if (next.do === 'delete' && chosen) each.remove('pods', 'default', chosen.metadata.name);
    else change(next);
    await each.settle();
    check();
  }
}

/** Lets pods run until nothing changes; then nothing must change any more. */
async function rest(each: TestCluster, check: () => void): Promise<void> {
  for (let round = 0; round < 30; round++) {
    each.runPods();
    await each.settle();
    check();
    each.advance(Math.min(each.pause ?? 1000, 600_000));
    await each.settle();
    check();
  }
  const written = () => JSON.stringify(each.state.types.map(({ type }) => each.state.list(type)));
  const before = written();
  each.runPods();
  await each.settle();
  expect(written(), 'a fixed point is reached').toBe(before);
}

function workload(kind: string, spec: object) {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, template: template(1), ...spec },
  };
}

describe('A ReplicaSet', () => {
  it('never has more pods than it wants once it has looked, and ends with as many', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const each = new TestCluster([replicaSetController]);
        each.put(workload('ReplicaSet', { replicas: 3 }));
        const set = () => each.state.get('apps/replicasets', 'default', 'web');
        const active = () => podsOf(each).filter(isActive);
        const check = () => expect(active().length).toBe(set()?.spec?.replicas);
        await tell(
          each,
          steps,
          (next) =>
            each.change('apps/replicasets', 'default', 'web', ({ spec }) => {
              if (spec && next.do === 'scale') spec.replicas = next.to;
            }),
          check,
        );
        await rest(each, check);
        expect(active().every(isReady)).toBe(true);
        const { replicas, readyReplicas = 0 } = set()?.status ?? {};
        expect([replicas, readyReplicas]).toEqual([set()?.spec?.replicas, set()?.spec?.replicas]);
      }),
      options,
    );
  });
});

const ordinal = ({ metadata: { name } }: Pod) => Number(name.slice(name.lastIndexOf('-') + 1));

describe('A StatefulSet', () => {
  it.each(['OrderedReady', 'Parallel'])('(%s) has each ordinal once, and in order if it is to', async (policy) => {
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const each = new TestCluster([statefulSetController]);
        each.put(workload('StatefulSet', { replicas: 3, serviceName: 'web', podManagementPolicy: policy }));
        const wanted = () => each.state.get('apps/statefulsets', 'default', 'web')?.spec?.replicas ?? 0;
        let known = new Set<string>();
        const check = () => {
          const pods = podsOf(each);
          const ordinals = pods.map(ordinal);
          expect(new Set(ordinals).size).toBe(ordinals.length);
          const made = pods.filter(({ metadata: { uid } }) => !known.has(uid));
          expect(Math.max(-1, ...made.map(ordinal))).toBeLessThan(Math.max(wanted(), 1));
          if (policy === 'OrderedReady') {
            // One at a time: whoever was made just now has everybody below it, ready.
            expect(made.length).toBeLessThanOrEqual(1);
            for (const pod of made)
              for (let below = 0; below < ordinal(pod); below++)
                expect(pods.some((other) => ordinal(other) === below && isReady(other))).toBe(true);
          }
          known = new Set(pods.map(({ metadata: { uid } }) => uid));
        };
        await tell(
          each,
          steps,
          (next) =>
            each.change('apps/statefulsets', 'default', 'web', ({ spec }) => {
              if (spec && next.do === 'scale') spec.replicas = next.to;
              if (spec && next.do === 'roll') spec.template = template(next.image);
            }),
          check,
        );
        await rest(each, check);
        const set = each.state.get('apps/statefulsets', 'default', 'web');
        const image = set?.spec?.template.spec?.containers[0]?.image;
        expect(podsOf(each).map(ordinal).sort()).toEqual(Array.from({ length: wanted() }, (_, i) => i));
        expect(podsOf(each).every((pod) => isReady(pod) && pod.spec?.containers[0]?.image === image)).toBe(true);
      }),
      options,
    );
  });
});

describe('A DaemonSet', () => {
  it.each([
    ['without surge', { maxSurge: 0, maxUnavailable: 1 }],
    ['with surge', { maxSurge: 1, maxUnavailable: 0 }],
  ])('%s has one pod on each node, a second only to replace it', async (_, rollingUpdate) => {
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const each = new TestCluster([daemonSetController]);
        const nodes = (count: number) => {
          const conditions = [{ type: 'Ready', status: 'True' }];
          for (let i = 0; i < 6; i++) {
            const there = each.state.get('nodes', '', `n${i}`);
            if (i < count && !there)
              each.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: `n${i}` }, status: { conditions } });
            if (i >= count && there) {
              each.remove('nodes', '', `n${i}`);
              // As the pod garbage collector does.
              for (const pod of podsOf(each))
                if (nodeOf(pod) === `n${i}`) each.finishPods('Failed', (one) => one === pod);
            }
          }
        };
        nodes(3);
        each.put(workload('DaemonSet', { updateStrategy: { type: 'RollingUpdate', rollingUpdate } }));
        const check = () => {
          for (const { metadata } of each.state.list('nodes')) {
            const here = podsOf(each).filter((pod) => nodeOf(pod) === metadata.name && isActive(pod));
            expect(here.length, metadata.name).toBeLessThanOrEqual(1 + rollingUpdate.maxSurge);
            const images = here.map((pod) => pod.spec?.containers[0]?.image);
            expect(new Set(images).size, 'a second pod is of another template').toBe(images.length);
          }
        };
        await tell(
          each,
          steps,
          (next) => {
            if (next.do === 'scale') nodes(next.to);
            if (next.do === 'roll')
              each.change('apps/daemonsets', 'default', 'web', ({ spec }) => {
                if (spec) spec.template = template(next.image);
              });
          },
          check,
        );
        await rest(each, check);
        const wanted = each.state.list('nodes').map(({ metadata }) => metadata.name);
        const on = podsOf(each).filter(isActive).map(nodeOf);
        expect(on.filter((node) => wanted.includes(node)).sort()).toEqual(wanted.sort());
      }),
      options,
    );
  });
});

function nodeOf({ spec }: Pod): string {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return spec?.nodeName ?? required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ?? '';
}

describe('A Job', () => {
  it('never runs more than its parallelism nor completes more often than it should', async () => {
    await fc.assert(
      fc.asyncProperty(
        story,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, completions, parallelism) => {
          const each = new TestCluster([jobController]);
          const spec = { restartPolicy: 'Never' };
          each.put({
            apiVersion: 'batch/v1',
            kind: 'Job',
            metadata: { name: 'web', namespace: 'default' },
            spec: {
              completions,
              parallelism,
              backoffLimit: 1000,
              selector: { matchLabels: { app: 'web' } },
              template: template(1, spec),
            },
          });
          const job = () => each.state.get('batch/jobs', 'default', 'web');
          const check = () => {
            const { succeeded = 0 } = job()?.status ?? {};
            const active = podsOf(each).filter(isActive).length;
            expect(active).toBeLessThanOrEqual(Math.min(parallelism, completions - succeeded));
            expect(succeeded).toBeLessThanOrEqual(completions);
          };
          await tell(
            each,
            steps,
            (next) => {
              if (next.do === 'roll') each.finishPods('Succeeded', (pod) => pod.status?.phase === 'Running');
              if (next.do === 'scale') each.advance(next.to * 10_000);
            },
            check,
          );
          for (let round = 0; round < 40 && !job()?.status?.completionTime; round++) {
            each.advance(600_000);
            await each.settle();
            each.runPods();
            each.finishPods('Succeeded', (pod) => pod.status?.phase === 'Running');
            await each.settle();
            check();
          }
          expect(job()?.status?.succeeded).toBe(completions);
          await rest(each, check);
        },
      ),
      options,
    );
  });
});

describe('EndpointSlices', () => {
  it('have every pod with an address once, ready or not as it is, and never more than a hundred each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ make: fc.integer({ min: 0, max: 130 }), remove: fc.nat(60), unready: fc.nat(5) }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (rounds) => {
          const each = new TestCluster([endpointSliceController]);
          const spec = {
            selector: { app: 'web' },
            clusterIP: '10.96.0.9',
            ipFamilies: ['IPv4'],
            ports: [{ port: 80 }],
          };
          each.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec });
          let made = 0;
          for (const { make, remove, unready } of rounds) {
            for (let i = 0; i < make; i++, made++) {
              const status = made % 7 < unready ? 'False' : 'True';
              each.put({
                apiVersion: 'v1',
                kind: 'Pod',
                metadata: { name: `p${made}`, namespace: 'default', labels: { app: 'web' } },
                spec: { nodeName: 'n1', containers: [{ name: 'app' }] },
                status: {
                  phase: 'Running',
                  podIP: `10.244.${made >> 8}.${made & 255}`,
                  conditions: [{ type: 'Ready', status }],
                },
              });
            }
            for (const pod of podsOf(each).slice(0, remove)) {
              each.remove('pods', 'default', pod.metadata.name);
              each.runPods({ only: (one) => one.metadata.name === pod.metadata.name });
            }
            await each.settle();
            const slices = each.state.list('discovery.k8s.io/endpointslices');
            for (const { endpoints } of slices) expect(endpoints?.length ?? 0).toBeLessThanOrEqual(100);
            const listed = slices.flatMap(({ endpoints }) =>
              (endpoints ?? []).map(({ addresses, conditions }) => `${addresses[0]} ${conditions?.ready}`),
            );
            const there = podsOf(each).map((pod) => `${pod.status?.podIP} ${isReady(pod)}`);
            expect(listed.sort()).toEqual(there.sort());
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
