// What holds for every cluster and every set of pods.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';
import { podInfo } from './pod-info.ts';
import { podRequests, toResources } from './resources.ts';
import { type Decisions, SchedulerState, schedule } from './schedule.ts';
import { makeNode, makePod } from './testing.ts';

const zoneKey = 'topology.kubernetes.io/zone';
const app = { app: 'web' };

const nodes = fc
  .array(
    fc.record({
      cpu: fc.integer({ min: 0, max: 8 }),
      pods: fc.integer({ min: 0, max: 6 }),
      zone: fc.constantFrom('x', 'y', 'z', undefined),
      disk: fc.constantFrom('ssd', 'hdd'),
      tainted: fc.boolean(),
      unschedulable: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) =>
    list.map(({ cpu, pods, zone, disk, tainted, unschedulable }, i) =>
      makeNode(`n${i}`, {
        allocatable: { cpu: String(cpu), pods: String(pods) },
        labels: { disk, ...(zone && { [zoneKey]: zone }) },
        ...(tainted && { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] }),
        unschedulable,
      }),
    ),
  );

const podParts = fc.record({
  cpu: fc.constantFrom('0', '250m', '500m', '1', '3'),
  hostPort: fc.constantFrom(undefined, 80, 443),
  tolerates: fc.boolean(),
  disk: fc.constantFrom(undefined, 'ssd'),
  term: fc.constantFrom('none', 'spread', 'apart', 'together', 'rather-apart'),
  priority: fc.constantFrom(0, 0, 0, 10),
});

function toPod(parts: typeof podParts extends fc.Arbitrary<infer T> ? T : never, i: number): V1Pod {
  const selector = { labelSelector: { matchLabels: app } };
  const inZone = { ...selector, topologyKey: zoneKey };
  const onNode = { ...selector, topologyKey: 'kubernetes.io/hostname' };
  const terms = {
    none: {},
    spread: {
      topologySpreadConstraints: [{ ...inZone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
    },
    apart: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [onNode] } } },
    together: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [inZone] } } },
    'rather-apart': {
      affinity: {
        podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: onNode }] },
      },
    },
  } as const;
  return makePod(`p${i}`, {
    labels: app,
    requests: { cpu: parts.cpu },
    ...(parts.hostPort && { ports: [{ containerPort: 1, hostPort: parts.hostPort, protocol: 'TCP' }] }),
    spec: {
      priority: parts.priority,
      ...(parts.disk && { nodeSelector: { disk: parts.disk } }),
      ...(parts.tolerates && { tolerations: [{ key: 'dedicated', operator: 'Exists' }] }),
      ...terms[parts.term as keyof typeof terms],
    } as NonNullable<V1Pod['spec']>,
  });
}

const pods = fc.array(podParts, { maxLength: 40 }).map((list) => list.map(toPod));
/** None of them preempts another. */
const equals = fc
  .array(podParts, { maxLength: 40 })
  .map((list) => list.map((parts, i) => toPod({ ...parts, priority: 0 }, i)));
const plainPods = fc
  .array(fc.constantFrom('250m', '500m', '1'), { maxLength: 40 })
  .map((list) => list.map((cpu, i) => makePod(`p${i}`, { requests: { cpu } })));

function run(cluster: readonly V1Node[], all: readonly V1Pod[]): { state: SchedulerState; decisions: Decisions } {
  const state = new SchedulerState();
  for (const node of cluster) state.model.setNode(node);
  const infos = all.map((pod) => podInfo(pod));
  return { state, decisions: schedule(state, infos) };
}

/** Pods in the order in which they were bound, each with its node. */
function bound(cluster: readonly V1Node[], decisions: Decisions) {
  return decisions.bindings.map(({ pod, node: name }) => {
    const node = cluster.find((each) => each.metadata?.name === name);
    if (!node) throw new Error(`no node ${name}`);
    return { pod: pod.pod, node };
  });
}

const zoneOf = (node: V1Node) => node.metadata?.labels?.[zoneKey];

describe('schedule', () => {
  it('overcommits no node', () => {
    fc.assert(
      fc.property(nodes, pods, (cluster, all) => {
        const placed = bound(cluster, run(cluster, all).decisions);
        for (const node of cluster) {
          const here = placed.filter((each) => each.node === node);
          const room = toResources(node.status?.allocatable);
          const cpu = here.reduce((sum, { pod }) => sum + (podRequests(pod.spec!)['cpu'] ?? 0), 0);
          expect(cpu).toBeLessThanOrEqual(here.length > 0 && cpu > 0 ? (room['cpu'] ?? 0) : cpu);
          expect(here.length).toBeLessThanOrEqual(room['pods'] ?? 0);
          const ports = here.flatMap(({ pod }) => pod.spec?.containers[0]?.ports?.map((port) => port.hostPort) ?? []);
          expect(new Set(ports).size).toBe(ports.length);
        }
      }),
    );
  });

  it('puts no pod where its selector, a taint or the node itself forbids it', () => {
    fc.assert(
      fc.property(nodes, pods, (cluster, all) => {
        for (const { pod, node } of bound(cluster, run(cluster, all).decisions)) {
          expect(node.spec?.unschedulable ?? false).toBe(false);
          const disk = pod.spec?.nodeSelector?.['disk'];
          if (disk) expect(node.metadata?.labels?.['disk']).toBe(disk);
          if (node.spec?.taints) expect(pod.spec?.tolerations).toHaveLength(1);
        }
      }),
    );
  });

  it('keeps required anti-affinity and affinity, whichever pod came first', () => {
    fc.assert(
      fc.property(nodes, pods, (cluster, all) => {
        const placed = bound(cluster, run(cluster, all).decisions);
        const zones = new Set<string | undefined>();
        placed.forEach(({ pod, node }, i) => {
          const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
          const before = placed.slice(0, i);
          if (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution)
            expect(placed.filter((each) => each.node === node)).toHaveLength(1);
          if (podAffinity) {
            expect(zoneOf(node)).toBeDefined();
            const placed = before.some((each) => zoneOf(each.node) !== undefined);
            if (placed) expect(zones).toContain(zoneOf(node));
          }
          zones.add(zoneOf(node));
        });
      }),
    );
  });

  it('keeps the skew of zones within the limit at each step', () => {
    fc.assert(
      fc.property(nodes, pods, (cluster, all) => {
        const placed = bound(cluster, run(cluster, all).decisions);
        const counted = new Map<string, number>();
        for (const { pod, node } of placed) {
          const zone = zoneOf(node);
          if (pod.spec?.topologySpreadConstraints) {
            expect(zone).toBeDefined();
            // Domains are the zones of nodes that the pod's selector allows; only pods on those count.
            const disk = pod.spec.nodeSelector?.['disk'];
            const allowed = cluster.filter((each) => !disk || each.metadata?.labels?.['disk'] === disk);
            const names = new Set(allowed.map((each) => each.metadata?.name));
            const before = placed.slice(
              0,
              placed.findIndex((each) => each.pod === pod),
            );
            const countOf = (domain: string | undefined) =>
              before.filter((each) => zoneOf(each.node) === domain && names.has(each.node.metadata?.name)).length;
            const domains = new Set(allowed.flatMap((each) => zoneOf(each) ?? []));
            const least = Math.min(...[...domains].map(countOf));
            expect(countOf(zone) + 1 - least).toBeLessThanOrEqual(1);
          }
          if (zone) counted.set(zone, (counted.get(zone) ?? 0) + 1);
        }
      }),
    );
  });

  it('leaves no pod out that a node has room for', () => {
    fc.assert(
      fc.property(nodes, plainPods, (cluster, all) => {
        const { state, decisions } = run(cluster, all);
        for (const { pod } of decisions.rejections) {
          for (const node of state.model.nodes.values()) {
            if (node.taints.length > 0 || node.node.spec?.unschedulable) continue;
            const free = (node.allocatable['cpu'] ?? 0) - (node.requested['cpu'] ?? 0);
            const fits = free >= (pod.class.requests['cpu'] ?? 0) && node.pods.size < (node.allocatable['pods'] ?? 0);
            expect(fits).toBe(false);
          }
        }
      }),
    );
  });

  it('decides the same for the same input', () => {
    fc.assert(
      fc.property(nodes, pods, (cluster, all) => {
        const text = () => {
          const { bindings, rejections } = run(cluster, all).decisions;
          return [
            bindings.map(({ pod, node }) => `${pod.key} ${node}`),
            rejections.map(({ pod, message }) => `${pod.key} ${message}`),
          ];
        };
        expect(text()).toEqual(text());
      }),
    );
  });

  it('makes room by preemption only at the cost of less important pods, and enough of it', () => {
    fc.assert(
      fc.property(nodes, pods, (cluster, all) => {
        const { state } = run(cluster, []);
        for (const pod of all) {
          const [rejection] = schedule(state, [podInfo(pod)]).rejections;
          if (!rejection?.preemption) continue;
          const { victims, node } = rejection.preemption;
          expect(victims.length).toBeGreaterThan(0);
          for (const victim of victims) {
            expect(victim.priority).toBeLessThan(rejection.pod.priority);
            state.model.removePod(victim.key);
          }
          const [binding] = schedule(state, [rejection.pod]).bindings;
          expect(binding?.node).toBe(node);
        }
      }),
    );
  });

  it('ends where it began when all pods are gone again', () => {
    fc.assert(
      fc.property(nodes, equals, (cluster, all) => {
        const { state, decisions } = run(cluster, all);
        const first = decisions.bindings.map(({ pod, node }) => `${pod.key} ${node}`);
        for (const { pod } of decisions.bindings) state.model.removePod(pod.key);
        for (const { pod } of decisions.rejections) state.model.withdraw(pod.key);
        for (const node of state.model.nodes.values()) {
          expect(Object.values(node.requested).filter((each) => each !== 0)).toEqual([]);
          expect(node.ports.size + node.pods.size).toBe(0);
        }
        state.next = 0;
        const again = schedule(
          state,
          all.map((pod) => podInfo(pod)),
        );
        expect(again.bindings.map(({ pod, node }) => `${pod.key} ${node}`)).toEqual(first);
      }),
    );
  });
});
