// What an update may change in a pod's spec: almost nothing, and something else for each subresource.

import type { V1Container, V1Pod, V1PodSpec, V1Toleration } from '../../../../generated/kubernetes.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../machinery/field-error.ts';
import type { Int64 } from '../../../machinery/object.ts';
import { getOwn } from '../../../machinery/own.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { mirrorAnnotation } from './semantics/mirror.ts';
import { qosClass } from './semantics/qos-class.ts';

const mutableFields =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function validatePodUpdate(pod: V1Pod, old: V1Pod, subresource: string): FieldError[] {
  const spec = pod.spec!;
  const before = old.spec!;
  if (subresource === 'binding') return [];
  if (subresource === 'ephemeralcontainers') return validateEphemeral(spec, before);
  if (subresource === 'resize') return validateResize(pod, old);
  const errors = mirrorChanged(pod, old);
  if (spec.containers.length !== before.containers.length) {
    return [forbiddenField('spec.containers', 'pod updates may not add or remove containers')];
  }
  if ((spec.initContainers?.length ?? 0) !== (before.initContainers?.length ?? 0)) {
    return [forbiddenField('spec.initContainers', 'pod updates may not add or remove containers')];
  }
  errors.push(...validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds));
  if (!onlyAdded(spec.tolerations ?? [], before.tolerations ?? [])) {
    errors.push(
      forbiddenField('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'),
    );
  }
  const gates = before.schedulingGates ?? [];
  if ((spec.schedulingGates ?? []).some(({ name }) => !gates.some((each) => each.name === name))) {
    errors.push(forbiddenField('spec.schedulingGates', 'only deletion is allowed, but found new scheduling gates'));
  }
  if (errors.length > 0) return errors;
  return semanticEqual(withMutableOf(spec, before, gates.length > 0), before)
    ? []
    : [forbiddenField('spec', mutableFields)];
}

/** Whether it is the picture of a node's own pod is said when it is made, and decides what the node may read for it. */
export function mirrorChanged(pod: V1Pod, old: V1Pod): FieldError[] {
  const [now, before] = [pod, old].map(({ metadata }) => metadata?.annotations?.[mirrorAnnotation]);
  if (now === before) return [];
  const what = before === undefined ? 'add' : 'remove or update';
  return [forbiddenField(`metadata.annotations[${mirrorAnnotation}]`, `may not ${what} mirror pod annotation`)];
}

/** `spec` with everything that an update may change put back as it was. */
function withMutableOf(spec: V1PodSpec, before: V1PodSpec, gated: boolean): V1PodSpec {
  const images = (list: V1PodSpec['containers'], old: V1PodSpec['containers']) =>
    list.map((container, index) => ({ ...container, image: old[index]?.image ?? '' }));
  const result: V1PodSpec = { ...spec, containers: images(spec.containers, before.containers) };
  if (spec.initContainers) result.initContainers = images(spec.initContainers, before.initContainers ?? []);
  putBack(result, before, 'activeDeadlineSeconds');
  putBack(result, before, 'tolerations');
  putBack(result, before, 'schedulingGates');
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1)
    putBack(result, before, 'terminationGracePeriodSeconds');
  // A pod that waits for its gates may still be narrowed down (KEP-3838).
  if (gated && includesEntries(spec.nodeSelector, before.nodeSelector)) putBack(result, before, 'nodeSelector');
  if (gated && !before.affinity?.nodeAffinity) putBack(result, before, 'affinity');
  return result;
}

function putBack<K extends keyof V1PodSpec>(spec: V1PodSpec, before: V1PodSpec, field: K): void {
  if (before[field] === undefined) delete spec[field];
  else spec[field] = before[field];
}

function includesEntries(map: Record<string, string> | undefined, part: Record<string, string> | undefined): boolean {
  return Object.entries(part ?? {}).every(([key, value]) => getOwn(map, key) === value);
}

function validateDeadline(deadline: Int64 | undefined, before: Int64 | undefined): FieldError[] {
  const field = 'spec.activeDeadlineSeconds';
  if (before === undefined) return [];
  if (deadline === undefined)
    return [invalidValue(field, null, 'must not update from a positive integer to nil value')];
  if (deadline > before) return [invalidValue(field, deadline, `must be less than or equal to previous value`)];
  return [];
}

function onlyAdded(tolerations: readonly V1Toleration[], before: readonly V1Toleration[]): boolean {
  const key = ({ tolerationSeconds: _, ...rest }: V1Toleration) => rest;
  return before.every((old) => tolerations.some((each) => deepEqual(key(each), key(old))));
}

function validateEphemeral(spec: V1PodSpec, before: V1PodSpec): FieldError[] {
  const now = spec.ephemeralContainers ?? [];
  return (before.ephemeralContainers ?? []).flatMap((old) => {
    const same = now.find(({ name }) => name === old.name);
    const field = 'spec.ephemeralContainers';
    if (!same)
      return [forbiddenField(field, `existing ephemeral containers ${JSON.stringify(old.name)} may not be removed`)];
    return semanticEqual(same, old)
      ? []
      : [forbiddenField(field, `existing ephemeral containers ${JSON.stringify(old.name)} may not be changed`)];
  });
}

/** KEP-1287: CPU and memory of containers that run, without changing the pod's class of service. */
function validateResize({ spec }: V1Pod, { spec: before }: V1Pod): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['containers', 'initContainers'] as const) {
    (spec?.[list] ?? []).forEach((container, index) => {
      const old = before?.[list]?.[index];
      if (!old || semanticEqual(container, old)) return;
      const path = `spec.${list}[${index}]`;
      if (list === 'initContainers' && container.restartPolicy !== 'Always')
        errors.push(
          forbiddenField(`${path}.resources`, 'only containers that run on can be resized: not init containers'),
        );
      if (!semanticEqual({ ...container, resources: fixed(container) }, { ...old, resources: fixed(old) }))
        errors.push(forbiddenField(path, 'only cpu and memory resources are mutable'));
      for (const kind of ['requests', 'limits'] as const)
        for (const name of Object.keys(old.resources?.[kind] ?? {}))
          if (getOwn(container.resources?.[kind], name) === undefined)
            errors.push(forbiddenField(`${path}.resources.${kind}`, `resource ${kind} cannot be removed`));
    });
  }
  if (spec && before && qosClass(spec) !== qosClass(before))
    errors.push(invalidValue('spec', qosClass(spec), 'Pod QOS Class may not change as a result of resizing'));
  return errors;
}

/** What no resize changes. */
function fixed({ resources }: V1Container) {
  const without = ({ cpu: _, memory: __, ...rest }: Record<string, string> = {}) => rest;
  return { ...resources, requests: without(resources?.requests), limits: without(resources?.limits) };
}
