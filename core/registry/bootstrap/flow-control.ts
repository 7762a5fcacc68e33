// The mandatory and suggested objects of API priority and fairness. Source: KEP-1040; Kubernetes documentation, "Defaults".

import type {
  V1FlowSchema,
  V1PriorityLevelConfiguration,
  V1PriorityLevelConfigurationSpec,
} from '../../../generated/kubernetes.ts';
import { mandatoryLevels, mandatorySchemas } from '../../kinds/flowcontrol/mandatory.ts';

const metadataOf = (name: string) => ({
  name,
  annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' },
});

const queue = (
  shares: number,
  lendable: number,
  queues: number,
  handSize: number,
  length: number,
): V1PriorityLevelConfigurationSpec => ({
  type: 'Limited',
  limited: {
    nominalConcurrencyShares: shares,
    lendablePercent: lendable,
    limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: length } },
  },
});

const levels: Readonly<Record<string, V1PriorityLevelConfigurationSpec>> = {
  ...Object.fromEntries(mandatoryLevels),
  system: queue(30, 33, 64, 6, 50),
  'node-high': queue(40, 25, 64, 6, 50),
  'leader-election': queue(10, 0, 16, 4, 50),
  'workload-high': queue(40, 50, 128, 6, 50),
  'workload-low': queue(100, 90, 128, 6, 50),
  'global-default': queue(20, 50, 128, 6, 50),
};

export const priorityLevels: readonly V1PriorityLevelConfiguration[] = Object.entries(levels).map(([name, spec]) => ({
  metadata: metadataOf(name),
  spec,
}));

type Subject = NonNullable<NonNullable<NonNullable<V1FlowSchema['spec']>['rules']>[number]['subjects']>[number];
type Rule = NonNullable<NonNullable<V1FlowSchema['spec']>['rules']>[number];

const group = (name: string): Subject => ({ kind: 'Group', group: { name } });
const user = (name: string): Subject => ({ kind: 'User', user: { name } });
const account = (name: string, namespace = 'kube-system'): Subject => ({
  kind: 'ServiceAccount',
  serviceAccount: { name, namespace },
});
const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true };
const allUrls = { verbs: ['*'], nonResourceURLs: ['*'] };
const everything = (...subjects: Subject[]): Rule => ({ subjects, resourceRules: [all], nonResourceRules: [allUrls] });
const resourcesOf = (subjects: Subject[], apiGroups: string[], resources: string[]): Rule => ({
  subjects,
  resourceRules: [{ verbs: ['get', 'create', 'update'], apiGroups, resources, namespaces: ['*'] }],
});

interface FlowRow {
  readonly name: string;
  readonly level: string;
  readonly precedence: number;
  readonly by?: 'ByUser' | 'ByNamespace';
  readonly rules: Rule[];
}

const everybody = [group('system:authenticated'), group('system:unauthenticated')];
const leaders = [user('system:kube-controller-manager'), user('system:kube-scheduler'), account('*')];

const flows: readonly FlowRow[] = [
  {
    name: 'probes',
    level: 'exempt',
    precedence: 2,
    rules: [
      {
        subjects: everybody,
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
      },
    ],
  },
  {
    name: 'system-leader-election',
    level: 'leader-election',
    precedence: 100,
    by: 'ByUser',
    rules: [resourcesOf(leaders, ['coordination.k8s.io'], ['leases'])],
  },
  {
    name: 'endpoint-controller',
    level: 'workload-high',
    precedence: 150,
    by: 'ByUser',
    rules: [
      resourcesOf([account('endpoint-controller'), account('endpointslicemirroring-controller')], [''], ['endpoints']),
    ],
  },
  {
    name: 'workload-leader-election',
    level: 'leader-election',
    precedence: 200,
    by: 'ByUser',
    rules: [resourcesOf([group('system:serviceaccounts')], ['coordination.k8s.io'], ['leases'])],
  },
  {
    name: 'system-node-high',
    level: 'node-high',
    precedence: 400,
    by: 'ByUser',
    rules: [
      {
        subjects: [group('system:nodes')],
        resourceRules: [
          { ...all, apiGroups: [''], resources: ['nodes', 'nodes/status'] },
          { ...all, apiGroups: ['coordination.k8s.io'], resources: ['leases'], clusterScope: false },
        ],
      },
    ],
  },
  { name: 'system-nodes', level: 'system', precedence: 500, by: 'ByUser', rules: [everything(group('system:nodes'))] },
  {
    name: 'kube-controller-manager',
    level: 'workload-high',
    precedence: 800,
    by: 'ByNamespace',
    rules: [everything(user('system:kube-controller-manager'))],
  },
  {
    name: 'kube-scheduler',
    level: 'workload-high',
    precedence: 800,
    by: 'ByNamespace',
    rules: [everything(user('system:kube-scheduler'))],
  },
  {
    name: 'kube-system-service-accounts',
    level: 'workload-high',
    precedence: 900,
    by: 'ByNamespace',
    rules: [everything(account('*'))],
  },
  {
    name: 'service-accounts',
    level: 'workload-low',
    precedence: 9000,
    by: 'ByUser',
    rules: [everything(group('system:serviceaccounts'))],
  },
  {
    name: 'global-default',
    level: 'global-default',
    precedence: 9900,
    by: 'ByUser',
    rules: [everything(...everybody)],
  },
];

export const flowSchemas: readonly V1FlowSchema[] = [
  ...[...mandatorySchemas].map(([name, spec]) => ({ metadata: metadataOf(name), spec })),
  ...flows.map(({ name, level, precedence, by, rules }) => ({
    metadata: metadataOf(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      ...(by && { distinguisherMethod: { type: by } }),
      rules,
    },
  })),
];
