// The cluster roles for people: cluster-admin, and admin, edit and view with what aggregates to them.
// Source: Kubernetes documentation, "Using RBAC Authorization", user-facing roles.

import type { V1PolicyRule } from '../../../generated/kubernetes.ts';
import { read, rule, urlRule, write } from './rule.ts';

export interface RoleRow {
  readonly name: string;
  readonly rules: readonly V1PolicyRule[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Label whose bearers' rules it collects. */
  readonly aggregates?: string;
}

const aggregateTo = (role: string) => `rbac.authorization.k8s.io/aggregate-to-${role}`;

const workloads =
  'daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale';
const workloadStatus = 'daemonsets/status deployments/status replicasets/status statefulsets/status';

const edit: readonly V1PolicyRule[] = [
  rule(read, '-', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', '-', 'serviceaccounts'),
  rule(write, '-', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', '-', 'pods/eviction'),
  rule(
    write,
    '-',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  rule('create', '-', 'serviceaccounts/token'),
  rule(write, 'apps', `${workloads} deployments/rollback`),
  rule(write, 'autoscaling', 'horizontalpodautoscalers'),
  rule(write, 'batch', 'cronjobs jobs'),
  rule(write, 'policy', 'poddisruptionbudgets'),
  rule(write, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(`${write} ${read}`, 'coordination.k8s.io', 'leases'),
  rule(write, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
];

const view: readonly V1PolicyRule[] = [
  rule(
    read,
    '-',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  rule(
    read,
    '-',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  rule(read, '-', 'namespaces'),
  rule(read, 'discovery.k8s.io', 'endpointslices'),
  rule(read, 'apps', `controllerrevisions ${workloads} ${workloadStatus}`),
  rule(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  rule(read, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

const admin: readonly V1PolicyRule[] = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(`${read} ${write}`, 'rbac.authorization.k8s.io', 'rolebindings roles'),
];

export const userRoles: readonly RoleRow[] = [
  { name: 'cluster-admin', rules: [rule('*', '*', '*'), urlRule('*', '*')] },
  { name: 'system:aggregate-to-admin', rules: admin, labels: { [aggregateTo('admin')]: 'true' } },
  { name: 'system:aggregate-to-edit', rules: edit, labels: { [aggregateTo('edit')]: 'true' } },
  { name: 'system:aggregate-to-view', rules: view, labels: { [aggregateTo('view')]: 'true' } },
  // The rules are those that aggregation gives, so that they hold from the first moment.
  { name: 'admin', rules: [...admin, ...edit, ...view], aggregates: aggregateTo('admin') },
  {
    name: 'edit',
    rules: [...edit, ...view],
    aggregates: aggregateTo('edit'),
    labels: { [aggregateTo('admin')]: 'true' },
  },
  { name: 'view', rules: view, aggregates: aggregateTo('view'), labels: { [aggregateTo('edit')]: 'true' } },
];
