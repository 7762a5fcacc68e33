// In which order groups and their versions are listed for clients, who take the first of two resources of one name.
// Source: apiregistration.k8s.io/v1 APIServiceSpec; the values are those that Kubernetes registers its own groups with.

import { getOwn } from '../machinery/own.ts';

export interface GroupPriority {
  /** spec.groupPriorityMinimum: the higher, the earlier. */
  readonly group: number;
  /** spec.versionPriority, within the group. */
  readonly version: number;
}

const builtIn: Readonly<Record<string, number>> = {
  '': 18000,
  apps: 17800,
  'events.k8s.io': 17750,
  'authentication.k8s.io': 17700,
  'authorization.k8s.io': 17600,
  autoscaling: 17500,
  batch: 17400,
  'certificates.k8s.io': 17300,
  'networking.k8s.io': 17200,
  policy: 17100,
  'rbac.authorization.k8s.io': 17000,
  'storage.k8s.io': 16800,
  'admissionregistration.k8s.io': 16700,
  'apiextensions.k8s.io': 16700,
  'scheduling.k8s.io': 16600,
  'coordination.k8s.io': 16500,
  'node.k8s.io': 16300,
  'discovery.k8s.io': 16200,
  'resource.k8s.io': 16150,
  'flowcontrol.apiserver.k8s.io': 16100,
};

/** The priority that a built-in group version is registered with. undefined: it is none, or registers others and not itself. */
export function builtInPriority(group: string, version: string): GroupPriority | undefined {
  const minimum = getOwn(builtIn, group);
  if (minimum === undefined) return undefined;
  return { group: minimum, version: group === '' ? 1 : versionPriority(version) };
}

function versionPriority(version: string): number {
  if (version.includes('alpha')) return 9;
  if (version.includes('beta')) return 12;
  return version === 'v2' ? 30 : 15;
}

/** What every version of every CustomResourceDefinition is registered with. */
export const customPriority: GroupPriority = { group: 1000, version: 100 };

/** Where nothing is registered: the group that holds registrations comes first, all others last. */
export function unregisteredPriority(group: string, version: string): GroupPriority {
  if (group === 'apiregistration.k8s.io') return { group: 20000, version: 15 };
  return builtInPriority(group, version) ?? customPriority;
}
