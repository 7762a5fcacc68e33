// The cluster roles for parts of the system, and the bindings that give them to users and groups.
// Source: Kubernetes documentation, "Using RBAC Authorization", core component roles and other component roles.

import type { RbacV1Subject } from '../../../generated/kubernetes.ts';
import { events, read, rule, urlRule } from './rule.ts';
import type { RoleRow } from './user-roles.ts';

const monitoring = '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*';
const health = '/healthz /livez /readyz /version /version/';
const discovery = '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/';

export const systemRoles: readonly RoleRow[] = [
  { name: 'system:discovery', rules: [urlRule('get', discovery)] },
  { name: 'system:monitoring', rules: [urlRule('get', monitoring)] },
  { name: 'system:public-info-viewer', rules: [urlRule('get', health)] },
  {
    name: 'system:basic-user',
    rules: [
      rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    ],
  },
  { name: 'system:kube-aggregator', rules: [rule(read, '-', 'endpoints services')] },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      rule('get list watch proxy', '-', 'nodes'),
      rule('*', '-', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
    ],
  },
  {
    name: 'system:node-bootstrapper',
    rules: [rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests')],
  },
  {
    name: 'system:node-problem-detector',
    rules: [rule('get', '-', 'nodes'), rule('patch', '-', 'nodes/status'), events],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      rule('create delete get list watch', '-', 'persistentvolumes'),
      rule('get list update watch', '-', 'persistentvolumeclaims'),
      rule(read, 'storage.k8s.io', 'storageclasses'),
      events,
      rule(read, '-', 'events'),
    ],
  },
  { name: 'system:kube-dns', rules: [rule('list watch', '-', 'endpoints services')] },
  {
    name: 'system:heapster',
    rules: [rule(read, '-', 'events namespaces nodes pods'), rule(read, 'extensions', 'deployments')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      urlRule(
        'get',
        '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
      ),
    ],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    rules: [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    rules: [rule('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')],
  },
  {
    name: 'system:certificates.k8s.io:kube-apiserver-client-approver',
    rules: [rule('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client')],
  },
  {
    name: 'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver',
    rules: [rule('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet')],
  },
  {
    name: 'system:certificates.k8s.io:kubelet-serving-approver',
    rules: [rule('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kubelet-serving')],
  },
  {
    name: 'system:certificates.k8s.io:legacy-unknown-approver',
    rules: [rule('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/legacy-unknown')],
  },
  {
    name: 'system:node',
    rules: [
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
      rule(read, '-', 'services'),
      rule('create get list watch', '-', 'nodes'),
      rule('patch update', '-', 'nodes nodes/status'),
      events,
      rule(read, '-', 'configmaps pods secrets'),
      rule('create delete', '-', 'pods'),
      rule('patch update', '-', 'pods/status'),
      rule('create', '-', 'pods/eviction serviceaccounts/token'),
      rule('get', '-', 'persistentvolumeclaims persistentvolumes endpoints'),
      rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
      rule('create delete get patch update', 'coordination.k8s.io', 'leases'),
      rule('get', 'storage.k8s.io', 'volumeattachments'),
      rule(read, 'storage.k8s.io', 'csidrivers'),
      rule('create delete get patch update', 'storage.k8s.io', 'csinodes'),
      rule(read, 'node.k8s.io', 'runtimeclasses'),
      rule('get', 'resource.k8s.io', 'resourceclaims'),
      rule('create delete deletecollection get list patch update watch', 'resource.k8s.io', 'resourceslices'),
      rule(read, 'certificates.k8s.io', 'clustertrustbundles'),
    ],
  },
  {
    name: 'system:node-proxier',
    rules: [
      rule('list watch', '-', 'endpoints services'),
      rule(read, '-', 'nodes'),
      events,
      rule('list watch', 'discovery.k8s.io', 'endpointslices'),
      rule(read, 'networking.k8s.io', 'servicecidrs'),
    ],
  },
  {
    name: 'system:kube-scheduler',
    rules: [
      events,
      rule('create', 'coordination.k8s.io', 'leases'),
      rule('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
      rule(read, '-', 'namespaces nodes persistentvolumeclaims persistentvolumes replicationcontrollers services'),
      rule('delete get list watch', '-', 'pods'),
      rule('create', '-', 'bindings pods/binding'),
      rule('patch update', '-', 'pods/status'),
      rule(read, 'apps', 'replicasets statefulsets'),
      rule(read, 'policy', 'poddisruptionbudgets'),
      rule('patch update', '-', 'persistentvolumeclaims persistentvolumes'),
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      rule(read, 'storage.k8s.io', 'csidrivers csinodes csistoragecapacities storageclasses volumeattachments'),
      rule(read, 'resource.k8s.io', 'deviceclasses resourceclaims resourceslices'),
      rule('patch update', 'resource.k8s.io', 'resourceclaims resourceclaims/status'),
    ],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      rule('get list patch update watch', '-', 'persistentvolumes'),
      rule(read, 'storage.k8s.io', 'storageclasses'),
      rule('get list patch update watch', '-', 'persistentvolumeclaims'),
    ],
  },
  {
    name: 'system:kube-controller-manager',
    rules: [
      events,
      rule('create', 'coordination.k8s.io', 'leases'),
      rule('get list update watch', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
      rule('create', '-', 'secrets serviceaccounts'),
      rule('delete', '-', 'secrets'),
      rule('get', '-', 'configmaps namespaces secrets serviceaccounts'),
      rule('update', '-', 'secrets serviceaccounts'),
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      rule('list watch', '*', '*'),
      rule('create', '-', 'serviceaccounts/token'),
    ],
  },
];

export interface BindingRow {
  readonly role: string;
  readonly name?: string;
  readonly subjects: readonly RbacV1Subject[];
}

const user = (name: string): RbacV1Subject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
const group = (name: string): RbacV1Subject => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name });

export const systemBindings: readonly BindingRow[] = [
  { role: 'cluster-admin', subjects: [group('system:masters')] },
  { role: 'system:discovery', subjects: [group('system:authenticated')] },
  { role: 'system:basic-user', subjects: [group('system:authenticated')] },
  { role: 'system:public-info-viewer', subjects: [group('system:authenticated'), group('system:unauthenticated')] },
  { role: 'system:monitoring', subjects: [group('system:monitoring')] },
  { role: 'system:service-account-issuer-discovery', subjects: [group('system:serviceaccounts')] },
  { role: 'system:node-proxier', subjects: [user('system:kube-proxy')] },
  { role: 'system:kube-scheduler', subjects: [user('system:kube-scheduler')] },
  { role: 'system:volume-scheduler', subjects: [user('system:kube-scheduler')] },
  { role: 'system:kube-controller-manager', subjects: [user('system:kube-controller-manager')] },
  { role: 'system:kube-dns', subjects: [{ kind: 'ServiceAccount', name: 'kube-dns', namespace: 'kube-system' }] },
  // Nodes get their rights from the Node authorizer, which looks at which node asks.
  { role: 'system:node', subjects: [] },
];
