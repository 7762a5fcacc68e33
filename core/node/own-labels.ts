// Which labels a node may set on itself. Source: NodeRestriction.

const ownLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);

/** Labels of the kubernetes.io and k8s.io domains steer workloads: a node may set only those that describe it. */
export function mayLabelItself(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return true;
  const domain = key.slice(0, slash);
  const under = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (under('node-restriction.kubernetes.io')) return false;
  if (!under('kubernetes.io') && !under('k8s.io')) return true;
  return ownLabels.has(key) || under('kubelet.kubernetes.io') || under('node.kubernetes.io');
}
