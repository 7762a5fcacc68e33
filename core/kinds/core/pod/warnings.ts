// What a pod is taken with and most likely does not mean: deprecated fields, definitions that hide others, selectors of nothing.
// Most pods get no warning: paths are put together only for those that do.

import type { V1Affinity, V1Container, V1ObjectMeta, V1PodSpec } from '../../../../generated/kubernetes.ts';
import { warnOfAddress } from '../../rules/address-warnings.ts';
import { warnOfFractions } from '../../rules/fractional-bytes.ts';
import { warnOfKey, warnOfNodeLabels, warnOfNodeTerm } from '../../rules/node-label-warnings.ts';
import { warnOfVolumes } from './volumes/warnings.ts';
import { warnOfContainers } from './warnings-containers.ts';

/** Warnings about a pod, or about a template at `prefix`, which ends in a dot. */
export function warnOfPod(
  spec: V1PodSpec | undefined,
  metadata: V1ObjectMeta | undefined,
  prefix: '' | `${string}.`,
): string[] {
  if (!spec) return [];
  const path = `${prefix}spec`;
  const warnings: string[] = [];
  if (spec.nodeSelector) warnings.push(...warnOfNodeLabels(spec.nodeSelector, (key) => `${path}.nodeSelector[${key}]`));
  if (spec.affinity) warnings.push(...warnOfNodeAffinity(spec.affinity, `${path}.affinity.nodeAffinity`));
  spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, index) => {
    const at = `${path}.topologySpreadConstraints[${index}]`;
    warnings.push(...warnOfKey(topologyKey, `${at}.topologyKey`));
    if (!labelSelector) warnings.push(matchesNothing(at));
  });
  const annotations = metadata?.annotations;
  if (annotations) warnings.push(...warnOfAnnotations(annotations, spec, prefix));
  if (spec.volumes) warnings.push(...warnOfVolumes(spec.volumes, `${path}.volumes`));
  if (spec.hostAliases) {
    const addresses = spec.hostAliases.map(({ ip }) => ip);
    warnings.push(...warnOfRepeated(addresses, 'ip', `${path}.hostAliases`));
  }
  if (spec.imagePullSecrets) warnings.push(...warnOfPullSecrets(spec.imagePullSecrets, `${path}.imagePullSecrets`));
  if (spec.overhead)
    warnings.push(...warnOfFractions(spec.overhead, ['memory', 'ephemeral-storage'], `${path}.overhead`));
  warnings.push(...warnOfContainers(spec, path));
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0)
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  if (spec.affinity) warnings.push(...warnOfPodAffinity(spec.affinity, `${path}.affinity`));
  spec.dnsConfig?.nameservers?.forEach((address, index) => {
    warnings.push(...warnOfAddress(address, `${path}.dnsConfig.nameservers[${index}]`));
  });
  spec.hostAliases?.forEach(({ ip }, index) => {
    warnings.push(...warnOfAddress(ip, `${path}.hostAliases[${index}].ip`));
  });
  return warnings;
}

const deprecatedAnnotations = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
] as const;

const seccompOfPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompOfContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorOfContainer = 'container.apparmor.security.beta.kubernetes.io/';

/** Of a pod itself the annotation of AppArmor gets its warning where it becomes the field. */
function warnOfAnnotations(annotations: { readonly [key: string]: string }, spec: V1PodSpec, prefix: string): string[] {
  const keys = Object.keys(annotations);
  // Each that is looked for lies in one of Kubernetes' own domains of then.
  if (!keys.some((key) => key.includes('.alpha.kubernetes.io/') || key.startsWith(appArmorOfContainer))) return [];
  const present = new Set(keys);
  const warning = (key: string, message: string) => `${prefix}metadata.annotations[${key}]: ${message}`;
  const warnings = deprecatedAnnotations
    .filter(([key]) => present.has(key))
    .map(([key, message]) => warning(key, message));
  const useSeccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (!spec.securityContext?.seccompProfile && present.has(seccompOfPod))
    warnings.push(warning(seccompOfPod, useSeccomp));
  for (const { name, securityContext } of inOrder(spec)) {
    const seccomp = seccompOfContainer + name;
    if (!securityContext?.seccompProfile && present.has(seccomp)) warnings.push(warning(seccomp, useSeccomp));
    const appArmor = appArmorOfContainer + name;
    const field = spec.securityContext?.appArmorProfile ?? securityContext?.appArmorProfile;
    if (prefix !== '' && !field && present.has(appArmor))
      warnings.push(warning(appArmor, 'deprecated since v1.30; use the "appArmorProfile" field instead'));
  }
  return warnings;
}

function inOrder(spec: V1PodSpec): V1Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

function warnOfNodeAffinity({ nodeAffinity }: V1Affinity, path: string): string[] {
  if (!nodeAffinity) return [];
  const needed = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...needed.flatMap((term, index) =>
      warnOfNodeTerm(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`),
    ),
    ...preferred.flatMap(({ preference }, index) =>
      warnOfNodeTerm(preference, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`, true),
    ),
  ];
}

function warnOfPodAffinity(affinity: V1Affinity, path: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((side) => {
    const needed = affinity[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity[side]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return [
      ...needed.flatMap(({ labelSelector }, index) =>
        labelSelector
          ? []
          : [matchesNothing(`${path}.${side}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`)],
      ),
      ...preferred.flatMap(({ podAffinityTerm }, index) =>
        podAffinityTerm?.labelSelector
          ? []
          : [
              matchesNothing(
                `${path}.${side}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`,
              ),
            ],
      ),
    ];
  });
}

function matchesNothing(path: string): string {
  return `${path}.labelSelector: a null labelSelector results in matching no pod`;
}

function warnOfPullSecrets(secrets: readonly { readonly name?: string }[], path: string): string[] {
  const names = secrets.map(({ name = '' }) => name);
  return [
    ...warnOfRepeated(names, 'name', path),
    ...names.flatMap((name, index) => (name ? [] : [`${path}[${index}].name: invalid empty name ""`])),
  ];
}

function warnOfRepeated(values: readonly string[], field: string, path: string): string[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (seen.has(value)) return [`${path}[${index}].${field}: duplicate ${field} ${JSON.stringify(value)}`];
    seen.add(value);
    return [];
  });
}
