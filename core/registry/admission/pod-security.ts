// PodSecurity: the levels and versions that a namespace's labels ask for are enforced, warned of and audited (KEP-2579).

import type { V1Container, V1PodSpec, V1PodTemplateSpec } from '../../../generated/kubernetes.ts';
import { allContainers } from '../../kinds/core/pod/semantics/containers.ts';
import type { KubeObject, ObjectMeta } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import { forbidden } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';
import { explain, violations } from './pod-security-checks.ts';
import { type Demand, demandsOf, key, label, sameDemand } from './pod-security-labels.ts';
import { checkLabels, warnOfPods } from './pod-security-namespaces.ts';
import { templated } from './templated.ts';

/** What does not reach the spec of a pod. Anything else is checked, so that a new subresource is none too few. */
const harmless = new Set(['binding', 'eviction', 'status', 'exec', 'attach', 'portforward', 'proxy', 'log']);

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  operations: ['CREATE', 'UPDATE'],
  types: ['namespaces', 'pods', ...templated],
  validate(attributes, env) {
    const { definition, subresource } = attributes;
    if (definition.type === 'namespaces') {
      if (subresource !== '') return undefined;
      checkLabels(attributes);
      return warnOfPods(attributes, env);
    }
    const isPod = definition.type === 'pods';
    if (isPod ? harmless.has(subresource) : subresource !== '') return undefined;
    return isPod && !isSignificant(attributes) ? undefined : check(attributes, isPod, env);
  },
};

async function check(
  attributes: Attributes,
  isPod: boolean,
  env: Parameters<NonNullable<AdmissionPlugin['validate']>>[1],
): Promise<void> {
  const { definition, namespace, name, context } = attributes;
  const labels = (await env.lookUp('namespaces', namespace))?.metadata.labels;
  if (!labels) return;
  const { enforce, warn, audit, problems } = demandsOf(labels);
  const levels = [...(isPod ? [enforce] : []), warn, audit];
  if (levels.every(({ level }) => level === 'privileged')) return;
  const pod = podOf(attributes);
  if (!pod) return;
  const violationsOf = (demand: Demand) => explain(violations(demand.level, demand.version, pod.spec, pod.metadata));
  const enforced = isPod ? violationsOf(enforce) : '';
  const audited = isPod && sameDemand(audit, enforce) ? enforced : violationsOf(audit);
  if (context.audit) {
    if (problems.length > 0)
      context.audit[`${label}/error`] =
        `Failed to parse policy: ${problems.map(({ field, message }) => `${field}: ${message}`).join(', ')}`;
    if (isPod) context.audit[`${label}/enforce-policy`] = key(enforce);
    if (audited) context.audit[`${label}/audit-violations`] = `would violate PodSecurity "${key(audit)}": ${audited}`;
  }
  if (enforced) throw forbidden(subjectOf(definition), name, `violates PodSecurity "${key(enforce)}": ${enforced}`);
  const warned = violationsOf(warn);
  if (warned) context.warnings.push(`would violate PodSecurity "${key(warn)}": ${warned}`);
}

/** An update of a pod changes nothing that the standards look at, but for images, containers and the old annotations of seccomp. */
function isSignificant({ operation, object, old }: Attributes): boolean {
  if (operation !== 'UPDATE' || !object || !old) return true;
  // Both are stored as pods, or about to be.
  const [after, before] = [object['spec'] as V1PodSpec, old['spec'] as V1PodSpec];
  const [now, then] = [object.metadata.annotations ?? {}, old.metadata.annotations ?? {}];
  if (now[podSeccomp] !== then[podSeccomp]) return true;
  if (after.containers.length !== before.containers.length) return true;
  if ((after.initContainers ?? []).length !== (before.initContainers ?? []).length) return true;
  const known = new Map(allContainers(before).map((each) => [each.name, each]));
  return allContainers(after).some((container: V1Container) => {
    const was = known.get(container.name);
    const annotation = containerSeccomp + container.name;
    return !was || was.image !== container.image || getOwn(now, annotation) !== getOwn(then, annotation);
  });
}

const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/';

function podOf({ definition, object }: Attributes): { spec: V1PodSpec; metadata: ObjectMeta | undefined } | undefined {
  if (!object) return undefined;
  if (definition.type === 'pods') return found(object);
  // What is stored as one of the templated types has a template at one of these places.
  const holder = object as KubeObject & {
    template?: V1PodTemplateSpec;
    spec?: { template?: V1PodTemplateSpec; jobTemplate?: { spec?: { template?: V1PodTemplateSpec } } };
  };
  return found(holder.spec?.jobTemplate?.spec?.template ?? holder.spec?.template ?? holder.template);
}

function found(holder: { spec?: unknown; metadata?: ObjectMeta } | undefined) {
  // A pod or a template: validated before.
  return holder?.spec ? { spec: holder.spec as V1PodSpec, metadata: holder.metadata } : undefined;
}
