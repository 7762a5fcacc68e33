// The Pod Security Standards as checks: what a pod does that a level forbids, as of a version of Kubernetes. Pure.
// Source: Kubernetes documentation, "Pod Security Standards"; KEP-2579, KEP-127 (user namespaces).

import type { V1ObjectMeta, V1PodSpec } from '../../../generated/kubernetes.ts';
import { allContainers } from '../../kinds/core/pod/semantics/containers.ts';
import {
  allowPrivilegeEscalation,
  appArmor,
  capabilitiesBaseline,
  capabilitiesRestricted,
  runAsNonRoot,
  runAsUser,
  seccompAnnotations,
  seccompBaseline,
  seccompRestricted,
  selinux,
  selinuxTypes,
} from './pod-security-confinement.ts';
import {
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProcess,
  hostsOfHandlers,
  onlySysctls,
  privileged,
  procMount,
  sysctls,
  sysctls27,
  sysctls29,
  sysctls32,
  volumeTypes,
} from './pod-security-host.ts';
import type { Pod, Run, Violation } from './pod-security-violation.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** The minor of Kubernetes whose checks apply; `latest` is above all of them. */
export type PolicyVersion = number | 'latest';

interface Check {
  readonly name: string;
  readonly level: 'baseline' | 'restricted';
  /** The check as of each minor from which it changed, oldest first. */
  readonly since: readonly (readonly [minor: number, run: (pod: Pod) => Violation | undefined])[];
  /** What a check of the restricted level makes needless. */
  readonly replaces?: string;
}

/** Each control that the pod violates; none when the level allows it. */
export function violations(
  level: Level,
  version: PolicyVersion,
  spec: V1PodSpec,
  metadata: V1ObjectMeta | undefined,
): Violation[] {
  if (level === 'privileged') return [];
  const pod: Pod = { spec, containers: allContainers(spec), annotations: metadata?.annotations ?? {} };
  const inForce = checks.flatMap((check) => {
    if (check.level === 'restricted' && level !== 'restricted') return [];
    const run = check.since.findLast(([minor]) => version === 'latest' || minor <= version)?.[1];
    return run ? [{ check, run }] : [];
  });
  const replaced = new Set(inForce.map(({ check }) => check.replaces));
  return inForce.flatMap(({ check, run }) => (replaced.has(check.name) ? [] : (run(pod) ?? [])));
}

/** All violations in one sentence, as Kubernetes words them. */
export function explain(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}

/** In the order of their names, which is the order in which Kubernetes lists violations. */
const checks: readonly Check[] = [
  { name: 'appArmorProfile', level: 'baseline', since: [[0, appArmor]] },
  { name: 'capabilities_baseline', level: 'baseline', since: [[0, capabilitiesBaseline]] },
  { name: 'hostNamespaces', level: 'baseline', since: [[0, hostNamespaces]] },
  { name: 'hostPathVolumes', level: 'baseline', since: [[0, hostPathVolumes]] },
  { name: 'hostPorts', level: 'baseline', since: [[0, hostPorts]] },
  { name: 'hostProbesAndHostLifecycle', level: 'baseline', since: [[34, hostsOfHandlers]] },
  { name: 'privileged', level: 'baseline', since: [[0, privileged]] },
  {
    name: 'procMount',
    level: 'baseline',
    since: [
      [0, procMount],
      [35, unlessOwnUsers(procMount)],
    ],
  },
  {
    name: 'seLinuxOptions',
    level: 'baseline',
    since: [
      [0, selinux(selinuxTypes)],
      [31, selinux([...selinuxTypes, 'container_engine_t'])],
    ],
  },
  {
    name: 'seccompProfile_baseline',
    level: 'baseline',
    since: [
      [0, seccompAnnotations],
      [19, seccompBaseline],
    ],
  },
  {
    name: 'sysctls',
    level: 'baseline',
    since: [
      [0, onlySysctls(sysctls)],
      [27, onlySysctls(sysctls27)],
      [29, onlySysctls(sysctls29)],
      [32, onlySysctls(sysctls32)],
    ],
  },
  { name: 'windowsHostProcess', level: 'baseline', since: [[0, hostProcess]] },
  {
    name: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: [
      [8, allowPrivilegeEscalation],
      [25, unlessWindows(allowPrivilegeEscalation)],
    ],
  },
  {
    name: 'capabilities_restricted',
    level: 'restricted',
    replaces: 'capabilities_baseline',
    since: [
      [22, capabilitiesRestricted],
      [25, unlessWindows(capabilitiesRestricted)],
    ],
  },
  { name: 'procMount_restricted', level: 'restricted', replaces: 'procMount', since: [[35, procMount]] },
  { name: 'restrictedVolumes', level: 'restricted', replaces: 'hostPathVolumes', since: [[0, volumeTypes]] },
  {
    name: 'runAsNonRoot',
    level: 'restricted',
    since: [
      [0, runAsNonRoot],
      [35, unlessOwnUsers(runAsNonRoot)],
    ],
  },
  {
    name: 'runAsUser',
    level: 'restricted',
    since: [
      [23, runAsUser],
      [35, unlessOwnUsers(runAsUser)],
    ],
  },
  {
    name: 'seccompProfile_restricted',
    level: 'restricted',
    replaces: 'seccompProfile_baseline',
    since: [
      [19, seccompRestricted],
      [25, unlessWindows(seccompRestricted)],
    ],
  },
];

/** On Windows there is nothing of the kind. */
function unlessWindows(run: Run): Run {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : run(pod));
}

/** Who is root in a user namespace of its own is nobody on the node. */
function unlessOwnUsers(run: Run): Run {
  return (pod) => (pod.spec.hostUsers === false ? undefined : run(pod));
}
