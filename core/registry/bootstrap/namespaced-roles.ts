// Roles inside the system's own namespaces, with their bindings.

import type { RbacV1Subject, V1PolicyRule } from '../../../generated/kubernetes.ts';
import { events, read, rule } from './rule.ts';

export interface NamespacedRoleRow {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly V1PolicyRule[];
  readonly subjects: readonly RbacV1Subject[];
}

const user = (name: string): RbacV1Subject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
const account = (name: string): RbacV1Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });
const leaderRules = (name: string) => [rule('watch', '-', 'configmaps'), rule('get update', '-', 'configmaps', name)];

export const namespacedRoles: readonly NamespacedRoleRow[] = [
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    rules: [rule(read, '-', 'configmaps', 'extension-apiserver-authentication')],
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:bootstrap-signer',
    rules: [rule(read, '-', 'secrets')],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-public',
    name: 'system:controller:bootstrap-signer',
    rules: [rule(read, '-', 'configmaps'), rule('update', '-', 'configmaps', 'cluster-info'), events],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:cloud-provider',
    rules: [rule('create get list patch update watch', '-', 'configmaps')],
    subjects: [account('cloud-provider')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:token-cleaner',
    rules: [rule('delete get list watch', '-', 'secrets'), events],
    subjects: [account('token-cleaner')],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    rules: leaderRules('kube-controller-manager'),
    subjects: [user('system:kube-controller-manager'), account('kube-controller-manager')],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    rules: leaderRules('kube-scheduler'),
    subjects: [user('system:kube-scheduler'), account('kube-scheduler')],
  },
];
