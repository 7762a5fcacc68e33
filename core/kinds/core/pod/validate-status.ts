// What a pod's status may say, whoever writes it. Source: Kubernetes' validation of pod status updates; KEP-753 (sidecars), KEP-5307
// (restart rules of containers).

import type { V1Container, V1ContainerStatus, V1Pod, V1PodStatus } from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundField,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Subdomain, qualifiedNameErrors } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { validateAddress } from '../../rules/addresses.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';

/** Before validation: what follows from other fields, or was left out by who never sets it. */
export function preparePodStatus(status: V1PodStatus, old: V1PodStatus | undefined): void {
  // Set when the pod was made; clients of old leave it out.
  if (!status.qosClass && old?.qosClass) status.qosClass = old.qosClass;
  pair(status, 'podIP', 'podIPs');
  pair(status, 'hostIP', 'hostIPs');
}

export function validatePodStatus({ spec, status = {} }: V1Pod, { status: old = {} }: V1Pod): FieldError[] {
  const errors: FieldError[] = [];
  if (status.qosClass !== old.qosClass)
    errors.push(invalidValue('status.qosClass', status.qosClass, 'field is immutable'));
  if (status.nominatedNodeName !== old.nominatedNodeName)
    errors.push(...optionalField(status.nominatedNodeName, dns1123Subdomain, 'status.nominatedNodeName'));
  if (!semanticEqual(status.podIPs, old.podIPs))
    errors.push(...validateIps(status.podIPs, old.podIPs, 'status.podIPs'));
  if (!semanticEqual(status.hostIPs, old.hostIPs))
    errors.push(...validateIps(status.hostIPs, old.hostIPs, 'status.hostIPs'));
  if (!semanticEqual(status.conditions, old.conditions)) errors.push(...validateConditions(status));
  errors.push(...validateClaims(status, spec));
  errors.push(...validateStates(status, old, spec));
  return errors;
}

/** The single address and the list that begins with it: who sets one sets both, and the single one counts. */
function pair(status: V1PodStatus, one: 'podIP' | 'hostIP', all: 'podIPs' | 'hostIPs'): void {
  const ip = status[one];
  const first = status[all]?.[0]?.ip;
  if (ip && ip !== first) status[all] = [{ ip }];
  else if (!ip && first) status[one] = first;
}

function validateIps(ips: V1PodStatus['podIPs'] = [], old: V1PodStatus['podIPs'] = [], path: string): FieldError[] {
  const known = old.flatMap(({ ip }) => ip ?? []);
  const errors = ips.flatMap(({ ip }, index) => validateAddress(ip, `${path}[${index}]`, known));
  const families = new Set(ips.map(({ ip }) => familyOf(ip ?? '')));
  if (ips.length > 2 || (ips.length === 2 && families.size < 2))
    errors.push(invalidValue(path, ips, 'may specify no more than one IP for each IP family'));
  return errors;
}

/** Types of Kubernetes' own, which are no qualified names or need not be looked at. */
const ownConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

function validateConditions({ conditions = [] }: V1PodStatus): FieldError[] {
  return conditions.flatMap(({ type, observedGeneration = 0 }, index) => {
    const path = `status.conditions[${index}]`;
    const errors = ownConditions.has(type) ? [] : requiredField(type, qualifiedNameErrors, `${path}.type`);
    if (observedGeneration < 0)
      errors.push(invalidValue(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to 0'));
    return errors;
  });
}

function validateClaims({ resourceClaimStatuses = [] }: V1PodStatus, spec: V1Pod['spec']): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  resourceClaimStatuses.forEach(({ name, resourceClaimName }, index) => {
    const path = `status.resourceClaimStatuses[${index}]`;
    if (!name) errors.push(required(`${path}.name`));
    else if (seen.has(name)) errors.push(duplicate(`${path}.name`, name));
    else if (!spec?.resourceClaims?.some((claim) => claim.name === name))
      errors.push(notFoundField(`${path}.name`, name));
    seen.add(name);
    errors.push(...optionalField(resourceClaimName, dns1123Subdomain, `${path}.resourceClaimName`));
  });
  return errors;
}

function validateStates(status: V1PodStatus, old: V1PodStatus, spec: V1Pod['spec']): FieldError[] {
  const init = spec?.initContainers ?? [];
  const main = spec?.containers ?? [];
  // A rule of one container may restart all.
  const ruled = [...init, ...main].some(({ restartPolicyRules }) => restartPolicyRules?.length);
  const mayRestart = (containers: readonly V1Container[]) => (before: V1ContainerStatus) => {
    const own = containers.find(({ name }) => name === before.name)?.restartPolicy;
    const policy = own ?? spec?.restartPolicy ?? 'Always';
    return ruled || policy === 'Always' || (policy === 'OnFailure' && before.state?.terminated?.exitCode !== 0);
  };
  const check = (
    field: 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses',
    restarts: (before: V1ContainerStatus) => boolean,
  ) => {
    const running = new Map<string, number>();
    for (const [index, { name, state }] of (status[field] ?? []).entries())
      if (!state?.terminated && !running.has(name)) running.set(name, index);
    return (old[field] ?? []).flatMap((before) => {
      const index = running.get(before.name);
      if (index === undefined || !before.state?.terminated || restarts(before)) return [];
      const path = `status.${field}[${index}].state`;
      return [forbiddenField(path, 'may not be transitioned to non-terminated state')];
    });
  };
  return [
    ...check('containerStatuses', mayRestart(main)),
    ...(spec?.restartPolicy === 'Always' ? [] : check('initContainerStatuses', mayRestart(init))),
    ...check('ephemeralContainerStatuses', () => false),
  ];
}
