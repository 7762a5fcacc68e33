// Workloads.

import type {
  V1alpha2PodGroupSchedulingPolicy,
  V1alpha2PodGroupTemplate,
  V1alpha2TypedLocalObjectReference,
  V1alpha2Workload,
} from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, required, tooMany } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain, pathSegmentName } from '../../../machinery/names.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';

const mostTemplates = 8;

export const strategy = strategyFor<V1alpha2Workload>({
  prepareForCreate({ spec }) {
    // Each belongs to a feature gate of its own, and without it to nobody.
    for (const template of spec?.podGroupTemplates ?? []) {
      delete template.schedulingConstraints;
      delete template.resourceClaims;
      delete template.disruptionMode;
      delete template.priorityClassName;
      delete template.priority;
    }
  },
  validate({ spec }) {
    const { controllerRef, podGroupTemplates = [] } = spec ?? {};
    const path = 'spec.podGroupTemplates';
    const errors = controllerRef ? validateController(controllerRef, 'spec.controllerRef') : [];
    if (podGroupTemplates.length === 0) errors.push(required(path, 'must have at least one item'));
    if (podGroupTemplates.length > mostTemplates) errors.push(tooMany(path, podGroupTemplates.length, mostTemplates));
    const names = new Set<string>();
    podGroupTemplates.forEach((template, index) => {
      const at = `${path}[${index}]`;
      errors.push(...validateTemplate(template, at));
      if (names.has(template.name)) errors.push(duplicate(at, template));
      names.add(template.name);
    });
    return errors;
  },
  validateUpdate(object, old) {
    const { controllerRef, podGroupTemplates } = old.spec ?? {};
    const errors = immutable(object.spec?.podGroupTemplates, podGroupTemplates, 'spec.podGroupTemplates');
    // It may be set once.
    if (controllerRef) errors.push(...immutable(object.spec?.controllerRef, controllerRef, 'spec.controllerRef'));
    return errors;
  },
});

function validateController(reference: V1alpha2TypedLocalObjectReference, path: string): FieldError[] {
  const { apiGroup } = reference;
  const errors = apiGroup
    ? dns1123Subdomain(apiGroup).map((message) => invalidValue(`${path}.apiGroup`, apiGroup, message))
    : [];
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field];
    if (!value) errors.push(required(`${path}.${field}`));
    else errors.push(...pathSegmentName(value).map((message) => invalidValue(`${path}.${field}`, value, message)));
  }
  return errors;
}

function validateTemplate({ name, schedulingPolicy }: V1alpha2PodGroupTemplate, path: string): FieldError[] {
  const errors = name
    ? dns1123Label(name).map((message) => invalidValue(`${path}.name`, name, message))
    : [required(`${path}.name`)];
  return [...errors, ...validatePolicy(schedulingPolicy ?? {}, `${path}.schedulingPolicy`)];
}

/** A union: one of them and no more. */
function validatePolicy({ basic, gang }: V1alpha2PodGroupSchedulingPolicy, path: string): FieldError[] {
  if (basic && gang)
    return [
      invalidValue(
        path,
        '{`basic`, `gang`}',
        'exactly one of `basic`, `gang` is required, but multiple fields are set',
      ),
    ];
  if (!basic && !gang) return [invalidValue(path, '', 'must specify one of: `basic`, `gang`')];
  if (!gang) return [];
  const at = `${path}.gang.minCount`;
  if (!gang.minCount) return [required(at)];
  return gang.minCount < 0 ? [invalidValue(at, gang.minCount, 'must be greater than zero')] : [];
}
