// The workloads of Kubernetes' scheduler_perf: nodes, pods that are there, and pods that are measured.

import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';

export interface Workload {
  readonly name: string;
  /** Pods placed before the clock runs, per 5,000 nodes. */
  readonly before: number;
  readonly measured: number;
  readonly pod: (index: number) => V1Pod;
  readonly present?: (index: number) => V1Pod;
  /** Pods that fit nowhere, and are tried with the others. */
  readonly hopeless?: number;
  /** Whether the measured pods push others out. */
  readonly preempts?: boolean;
  /** Pods/s that Kubernetes' CI demands of its own scheduler at 5,000 nodes, where it does. */
  readonly floor?: number;
}

export function node(index: number): V1Node {
  const name = `node-${String(index).padStart(5, '0')}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'topology.kubernetes.io/zone': `zone-${index % 3}`,
        'kubernetes.io/os': 'linux',
      },
    },
    status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } },
  };
}

interface PodOptions {
  readonly spec?: Partial<NonNullable<V1Pod['spec']>>;
  readonly labels?: Record<string, string>;
  readonly namespace?: string;
  readonly cpu?: string;
}

export function pod(prefix: string, index: number, options: PodOptions = {}): V1Pod {
  const name = `${prefix}-${index}`;
  const { spec, labels = {}, namespace = 'default', cpu = '100m' } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: name, labels, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      containers: [
        { name: 'c', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu, memory: '500Mi' } } },
      ],
      ...spec,
    },
  };
}

const hostname = 'kubernetes.io/hostname';
const zone = 'topology.kubernetes.io/zone';
const selected = (labels: Record<string, string>, topologyKey: string) => ({
  labelSelector: { matchLabels: labels },
  topologyKey,
});

const nodeAffinity: V1Pod['spec'] = {
  containers: [],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: 'In', values: ['zone-0', 'zone-1'] }] }],
      },
    },
  },
};

const color = { color: 'blue' };
const podTemplates = {
  basic: (index: number) => pod('basic', index),
  nodeAffinity: (index: number) => pod('in-zones', index, { spec: { affinity: nodeAffinity.affinity ?? {} } }),
  affinity: (index: number) =>
    pod('near', index, {
      labels: color,
      spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [selected(color, zone)] } } },
    }),
  antiAffinity: (index: number) =>
    pod('apart', index, {
      labels: { color: 'green' },
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [selected({ color: 'green' }, hostname)],
          },
        },
      },
    }),
  preferredAffinity: (index: number) =>
    pod('rather-near', index, {
      labels: { color: 'red' },
      spec: {
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: selected({ color: 'red' }, hostname) },
            ],
          },
        },
      },
    }),
  preferredAntiAffinity: (index: number) =>
    pod('rather-apart', index, {
      labels: { color: 'yellow' },
      spec: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: selected({ color: 'yellow' }, hostname) },
            ],
          },
        },
      },
    }),
  spread: (index: number) =>
    pod('spread', index, {
      labels: color,
      spec: {
        topologySpreadConstraints: [
          { maxSkew: 5, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: color } },
        ],
      },
    }),
  preferredSpread: (index: number) =>
    pod('rather-spread', index, {
      labels: color,
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 5,
            topologyKey: hostname,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: color },
          },
          { maxSkew: 5, topologyKey: zone, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: color } },
        ],
      },
    }),
  important: (index: number) => pod('important', index, { cpu: '3', spec: { priority: 10 } }),
  low: (index: number) => pod('low', index, { cpu: '900m' }),
} as const;

const mixed = [
  podTemplates.basic,
  podTemplates.affinity,
  podTemplates.antiAffinity,
  podTemplates.preferredAffinity,
  podTemplates.preferredAntiAffinity,
] as const;

export const workloads: readonly Workload[] = [
  { name: 'basic', before: 5000, measured: 50_000, pod: podTemplates.basic, floor: 810 },
  { name: 'node affinity', before: 5000, measured: 20_000, pod: podTemplates.nodeAffinity },
  { name: 'pod affinity', before: 5000, measured: 20_000, pod: podTemplates.affinity },
  { name: 'pod anti-affinity', before: 2000, measured: 3000, pod: podTemplates.antiAffinity },
  { name: 'preferred pod affinity', before: 5000, measured: 20_000, pod: podTemplates.preferredAffinity },
  { name: 'preferred pod anti-affinity', before: 5000, measured: 20_000, pod: podTemplates.preferredAntiAffinity },
  { name: 'topology spread', before: 5000, measured: 20_000, pod: podTemplates.spread },
  { name: 'preferred topology spread', before: 5000, measured: 20_000, pod: podTemplates.preferredSpread },
  {
    name: 'preemption',
    before: 20_000,
    measured: 5000,
    pod: podTemplates.important,
    present: podTemplates.low,
    preempts: true,
    floor: 570,
  },
  { name: 'unschedulable', before: 0, measured: 10_000, pod: podTemplates.basic, hopeless: 10_000 },
  {
    name: 'mixed',
    before: 10_000,
    measured: 20_000,
    pod: (index) => (mixed[index % 4 === 2 ? 0 : index % 5] ?? mixed[0])(index),
  },
];
