// Validation of a pod's spec, in a pod or in a template.

import type { V1Container, V1PodSpec } from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { validateLabels } from '../../../machinery/labels.ts';
import { dns1123Subdomain, qualifiedNameErrors } from '../../../machinery/names.ts';
import type { ContainerRole, ContainerSurroundings } from './container-surroundings.ts';
import { withoutNul } from './file-path.ts';
import { claimNameOf } from './semantics/claims.ts';
import { validatePodClaims } from './validate-claims.ts';
import { validateContainer } from './validate-container.ts';
import { validateNaming } from './validate-dns.ts';
import { validateSystem } from './validate-os.ts';
import { validatePodResources } from './validate-pod-resources.ts';
import { validateContainerResources } from './validate-resources.ts';
import { validateAffinity, validateSpread, validateTolerations } from './validate-scheduling.ts';
import { validatePodSecurity } from './validate-security.ts';
import { validateVolumes } from './volumes/validate.ts';

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

/** `podName`: of a pod; in a template undefined. */
export function validatePodSpec(spec: V1PodSpec | undefined, path: string, podName?: string): FieldError[] {
  if (!spec) return [required(path)];
  const errors: FieldError[] = withoutNul(spec, path);
  const volumes = spec.volumes ?? [];
  errors.push(...validateVolumes(volumes, `${path}.volumes`));
  errors.push(...validatePodClaims(spec.resourceClaims ?? [], podName, `${path}.resourceClaims`));
  const around: ContainerSurroundings = {
    volumes: new Set(volumes.map(({ name }) => name)),
    claims: new Set(volumes.filter((each) => claimNameOf('', each) !== undefined).map(({ name }) => name)),
    emptyDirs: new Set(volumes.filter(({ emptyDir }) => emptyDir).map(({ name }) => name)),
    hostNetwork: spec.hostNetwork ?? false,
    hostUsers: spec.hostUsers ?? true,
    graceSeconds: spec.terminationGracePeriodSeconds,
    resourceClaims: new Set((spec.resourceClaims ?? []).map(({ name }) => name)),
  };
  errors.push(...validateAllContainers(spec, around, path));
  errors.push(...validatePodResources(spec, `${path}.resources`));
  errors.push(...choice(spec.restartPolicy, restartPolicies, `${path}.restartPolicy`));
  errors.push(...choice(spec.dnsPolicy, dnsPolicies, `${path}.dnsPolicy`));
  errors.push(...validateNaming(spec, path));
  errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  if (spec.securityContext) errors.push(...validatePodSecurity(spec.securityContext, spec, `${path}.securityContext`));
  if (spec.hostPID && spec.shareProcessNamespace)
    errors.push(
      invalidValue(
        `${path}.securityContext.shareProcessNamespace`,
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  if (spec.affinity) errors.push(...validateAffinity(spec.affinity, `${path}.affinity`));
  if (spec.tolerations) errors.push(...validateTolerations(spec.tolerations, `${path}.tolerations`));
  if (spec.topologySpreadConstraints)
    errors.push(...validateSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`));
  errors.push(...validateHostUsers(spec, path));
  errors.push(...named(spec.serviceAccountName, dns1123Subdomain, `${path}.serviceAccountName`));
  errors.push(...named(spec.nodeName, dns1123Subdomain, `${path}.nodeName`));
  errors.push(...named(spec.priorityClassName, dns1123Subdomain, `${path}.priorityClassName`));
  errors.push(...named(spec.runtimeClassName, dns1123Subdomain, `${path}.runtimeClassName`));
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2147483647)) {
    errors.push(invalidValue(`${path}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive'));
  }
  spec.readinessGates?.forEach(({ conditionType }, index) => {
    for (const message of qualifiedNameErrors(conditionType))
      errors.push(invalidValue(`${path}.readinessGates[${index}].conditionType`, conditionType, message));
  });
  const gates = new Set<string>();
  spec.schedulingGates?.forEach(({ name }, index) => {
    const at = `${path}.schedulingGates[${index}]`;
    for (const message of qualifiedNameErrors(name)) errors.push(invalidValue(at, name, message));
    if (gates.has(name)) errors.push(duplicate(at, name));
    gates.add(name);
  });
  if (spec.overhead)
    errors.push(...validateContainerResources({ limits: spec.overhead }, around.resourceClaims, `${path}.overhead`));
  return [...errors, ...validateSystem(spec, path)];
}

/** With users of its own a pod has no other namespace of its node; called in Kubernetes' messages as its fields in Go. */
function validateHostUsers(spec: V1PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const shared = { hostNetwork: spec.hostNetwork, HostPID: spec.hostPID, HostIPC: spec.hostIPC };
  return Object.entries(shared)
    .filter(([, isShared]) => isShared)
    .map(([field]) => forbiddenField(`${path}.${field}`, 'when `hostUsers` is false'));
}

function validateAllContainers(spec: V1PodSpec, around: ContainerSurroundings, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const visit = (list: readonly V1Container[], field: string, roleOf: (container: V1Container) => ContainerRole) => {
    list.forEach((container, index) => {
      const at = `${path}.${field}[${index}]`;
      errors.push(...validateContainer(container, roleOf(container), around, at));
      if (container.name && names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
      names.add(container.name);
      errors.push(...validateResizePolicy(container, container.restartPolicy ?? spec.restartPolicy, at));
    });
  };
  if (!spec.containers?.length) errors.push(required(`${path}.containers`));
  visit(spec.containers ?? [], 'containers', () => 'container');
  visit(spec.initContainers ?? [], 'initContainers', ({ restartPolicy }) =>
    restartPolicy === 'Always' ? 'sidecar' : 'init',
  );
  // An ephemeral container has the fields of a container.
  visit(spec.ephemeralContainers ?? [], 'ephemeralContainers', () => 'ephemeral');
  spec.ephemeralContainers?.forEach((container, index) => {
    const wanted = container.targetContainerName;
    const exists = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(({ name }) => name === wanted);
    if (wanted && !exists)
      errors.push({
        type: 'FieldValueNotFound',
        field: `${path}.ephemeralContainers[${index}].targetContainerName`,
        message: `Not found: ${JSON.stringify(wanted)}`,
      });
  });
  errors.push(...hostPortConflicts(spec, path));
  return errors;
}

/** What is never started again cannot be started again to be resized (KEP-1287). */
function validateResizePolicy(
  { resizePolicy = [] }: V1Container,
  policy: string | undefined,
  path: string,
): FieldError[] {
  const seen = new Set<string>();
  return resizePolicy.flatMap(({ resourceName, restartPolicy }, index) => {
    const at = `${path}.resizePolicy[${index}]`;
    const errors = choice(resourceName, ['cpu', 'memory'], `${at}.resourceName`);
    if (seen.has(resourceName)) errors.push(duplicate(at, resourceName));
    seen.add(resourceName);
    if (policy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(
        invalidValue(`${at}.restartPolicy`, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"),
      );
    return errors;
  });
}

function hostPortConflicts(spec: V1PodSpec, path: string): FieldError[] {
  const seen = new Set<string>();
  return (spec.containers ?? []).flatMap((container, index) =>
    (container.ports ?? []).flatMap((port, each) => {
      if (!port.hostPort) return [];
      const key = `${port.protocol ?? 'TCP'}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (seen.has(key)) return [duplicate(`${path}.containers[${index}].ports[${each}].hostPort`, key)];
      seen.add(key);
      return [];
    }),
  );
}

function named(value: string | undefined, rule: (value: string) => string[], path: string): FieldError[] {
  return value ? rule(value).map((message) => invalidValue(path, value, message)) : [];
}

function choice(value: string | undefined, allowed: readonly string[], path: string): FieldError[] {
  if (!value) return [required(path)];
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}
