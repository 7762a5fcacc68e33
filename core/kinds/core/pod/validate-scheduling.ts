// Validation of what a pod asks of its node: selectors, affinity, tolerations, spread constraints.

import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeSelectorTerm,
  V1PodAffinityTerm,
  V1Toleration,
  V1TopologySpreadConstraint,
} from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { validateLabelKey, validateLabelSelector } from '../../../machinery/labels.ts';
import { dns1123Subdomain, labelValueErrors } from '../../../machinery/names.ts';

export function validateTolerations(tolerations: readonly V1Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${path}[${index}]`;
    const { key, operator, value, effect, tolerationSeconds } = toleration;
    const errors: FieldError[] = [];
    if (key) errors.push(...validateLabelKey(key, `${at}.key`));
    else if (operator !== 'Exists')
      errors.push(
        invalidValue(
          `${at}.operator`,
          operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(
        invalidValue(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    }
    if (operator === 'Exists') {
      if (value) errors.push(invalidValue(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else if (!operator || operator === 'Equal') {
      const wrong = labelValueErrors(value ?? '');
      if (wrong.length > 0) errors.push(invalidValue(`${at}.operator`, value ?? '', wrong.join(';')));
    } else errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    return errors;
  });
}

export function validateAffinity(affinity: V1Affinity, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const node = affinity.nodeAffinity;
  const demand = node?.requiredDuringSchedulingIgnoredDuringExecution;
  if (demand) {
    const at = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    errors.push(...validateNodeTerms(demand.nodeSelectorTerms, at));
  }
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((preferred, index) => {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    errors.push(
      ...validateWeight(preferred.weight, at),
      ...validateNodeTerm(preferred.preference, `${at}.preference`, false),
    );
  });
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    const pods = affinity[field];
    pods?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) => {
      errors.push(
        ...validatePodTerm(term, `${path}.${field}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
      );
    });
    pods?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((preferred, index) => {
      const at = `${path}.${field}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      errors.push(
        ...validateWeight(preferred.weight, at),
        // Where it is missing it is empty, as Go reads it.
        ...validatePodTerm(preferred.podAffinityTerm ?? {}, `${at}.podAffinityTerm`),
      );
    });
  }
  return errors;
}

/** Of what a pod or a volume demands of its node. */
export function validateNodeTerms(terms: readonly V1NodeSelectorTerm[] | undefined, path: string): FieldError[] {
  if (!terms?.length) return [required(path, 'must have at least one node selector term')];
  return terms.flatMap((term, index) => validateNodeTerm(term, `${path}[${index}]`, true));
}

function validateWeight(weight: number, path: string): FieldError[] {
  return weight >= 1 && weight <= 100 ? [] : [invalidValue(`${path}.weight`, weight, 'must be in the range 1-100')];
}

/** `strict`: values that no label can have are refused; where they are wishes, they get a warning. */
function validateNodeTerm(term: V1NodeSelectorTerm, path: string, strict: boolean): FieldError[] {
  const errors: FieldError[] = [];
  term.matchExpressions?.forEach(({ key, operator, values }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const count = values?.length ?? 0;
    if ((operator === 'In' || operator === 'NotIn') && count === 0)
      errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    else if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0) {
      errors.push({
        type: 'FieldValueForbidden',
        field: `${at}.values`,
        message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      });
    } else if ((operator === 'Gt' || operator === 'Lt') && count !== 1)
      errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    else if (!['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'].includes(operator))
      errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
    errors.push(...validateLabelKey(key, `${at}.key`));
    for (const [place, value] of strict ? (values ?? []).entries() : [])
      for (const message of labelValueErrors(value))
        errors.push(invalidValue(`${at}.values[${place}]`, value, message));
  });
  term.matchFields?.forEach(({ key, operator, values }, index) => {
    const at = `${path}.matchFields[${index}]`;
    if (operator !== 'In' && operator !== 'NotIn')
      errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
    if (values?.length !== 1)
      errors.push(
        required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
      );
    if (key !== 'metadata.name') errors.push(invalidValue(`${at}.key`, key, 'not a valid field selector key'));
    else
      for (const [place, value] of (values ?? []).entries())
        for (const message of dns1123Subdomain(value))
          errors.push(invalidValue(`${at}.values[${place}]`, value, message));
  });
  return errors;
}

function validatePodTerm(term: Partial<V1PodAffinityTerm>, path: string): FieldError[] {
  const errors = validateLabelSelector(term.labelSelector, `${path}.labelSelector`);
  errors.push(...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`));
  if (!term.topologyKey) errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  else errors.push(...validateLabelKey(term.topologyKey, `${path}.topologyKey`));
  return [...errors, ...validateLabelKeys(term, path)];
}

interface Keyed {
  readonly labelSelector?: V1LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** Of a pod, whose own values are in the selector already: a key that was said twice stands there twice. */
function validateLabelKeys(term: Keyed, path: string): FieldError[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  const errors = [
    ...validateKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...validateKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
  ];
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys.lastIndexOf(key);
    // The path is told as Kubernetes tells it.
    if (index >= 0 && seen.has(key))
      errors.push(invalidValue(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    seen.add(key);
  }
  matchLabelKeys.forEach((key, index) => {
    if (mismatchLabelKeys.includes(key))
      errors.push(
        invalidValue(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'),
      );
  });
  return errors;
}

/** Keys whose values in a pod's own labels narrow a selector. */
function validateKeys(keys: readonly string[], selector: V1LabelSelector | undefined, path: string): FieldError[] {
  if (keys.length > 0 && !selector)
    return [forbiddenField(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((key, index) => validateLabelKey(key, `${path}[${index}]`));
}

export function validateSpread(constraints: readonly V1TopologySpreadConstraint[], path: string): FieldError[] {
  const lastOf = new Map(constraints.map((constraint, index) => [pairOf(constraint), index]));
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!(constraint.maxSkew > 0))
      errors.push(invalidValue(`${at}.maxSkew`, constraint.maxSkew, 'must be greater than zero'));
    if (!constraint.topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    const choices = ['DoNotSchedule', 'ScheduleAnyway'];
    if (!choices.includes(constraint.whenUnsatisfiable))
      errors.push(notSupported(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable, choices));
    const pair = pairOf(constraint);
    // Told of at the first of both.
    if ((lastOf.get(pair) ?? index) > index) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    const { minDomains, whenUnsatisfiable: otherwise } = constraint;
    if (minDomains !== undefined && minDomains <= 0)
      errors.push(invalidValue(`${at}.minDomains`, minDomains, 'must be greater than zero'));
    if (minDomains !== undefined && otherwise !== 'DoNotSchedule')
      errors.push(
        invalidValue(
          `${at}.minDomains`,
          minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${otherwise}`,
        ),
      );
    errors.push(...validateLabelKeys(constraint, at));
    errors.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`));
    return errors;
  });
}

function pairOf({ topologyKey, whenUnsatisfiable }: V1TopologySpreadConstraint): string {
  return `{${topologyKey}, ${whenUnsatisfiable}}`;
}
