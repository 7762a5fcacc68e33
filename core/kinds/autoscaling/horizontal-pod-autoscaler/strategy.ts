// HorizontalPodAutoscalers, as version 2 stores them.

import type {
  V2HorizontalPodAutoscaler,
  V2HPAScalingRules,
  V2MetricIdentifier,
  V2MetricSpec,
  V2MetricTarget,
} from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { validateLabelSelector } from '../../../machinery/labels.ts';
import { pathSegmentName } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { parseQuantity, quantityError } from '../../../machinery/quantity.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V2HorizontalPodAutoscaler>({
  defaults({ spec }) {
    if (!spec?.behavior) return;
    const { scaleUp, scaleDown } = spec.behavior;
    const policy = (type: string, value: number) => ({ type, value, periodSeconds: 15 });
    spec.behavior.scaleUp = {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [policy('Pods', 4), policy('Percent', 100)],
      ...scaleUp,
    };
    spec.behavior.scaleDown = { selectPolicy: 'Max', policies: [policy('Percent', 100)], ...scaleDown };
  },
  validate({ spec }) {
    if (!spec) return [required('spec')];
    const errors: FieldError[] = [];
    const { minReplicas, maxReplicas = 0, metrics, behavior } = spec;
    if (minReplicas !== undefined && minReplicas < 1)
      errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
    if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
    if (minReplicas !== undefined && maxReplicas < minReplicas)
      errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
    errors.push(...validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef'));
    metrics?.forEach((metric, index) => {
      errors.push(...validateMetric(metric, `spec.metrics[${index}]`));
    });
    for (const side of ['scaleUp', 'scaleDown'] as const) {
      const rules = behavior?.[side];
      if (rules) errors.push(...validateRules(rules, `spec.behavior.${side}`));
    }
    return errors;
  },
});

function validateReference(of: { kind?: string; name?: string } | undefined, path: string): FieldError[] {
  return [
    ...requiredField(of?.kind, pathSegmentName, `${path}.kind`),
    ...requiredField(of?.name, pathSegmentName, `${path}.name`),
  ];
}

/** The field of each type of metric, and the targets that it may have. */
const sources: Readonly<Record<string, keyof V2MetricSpec>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function validateMetric(metric: V2MetricSpec, path: string): FieldError[] {
  const { type } = metric;
  if (!type) return [required(`${path}.type`, 'must specify a metric source type')];
  const field = getOwn(sources, type);
  if (!field) return [notSupported(`${path}.type`, type, Object.keys(sources))];
  const errors: FieldError[] = [];
  for (const other of Object.values(sources))
    if (other !== field && metric[other] !== undefined)
      errors.push(forbiddenField(`${path}.${other}`, 'must populate the given metric source only'));
  const at = `${path}.${field}`;
  if (metric[field] === undefined)
    return [...errors, required(at, 'must populate information for the given metric source')];
  const { object, pods, resource, containerResource, external } = metric;
  if (type === 'Object' && object)
    errors.push(
      ...validateReference(object.describedObject, `${at}.describedObject`),
      ...validateIdentifier(object.metric, `${at}.metric`),
      ...validateTarget(object.target, targetOf.object, `${at}.target`),
    );
  if (type === 'External' && external)
    errors.push(
      ...validateIdentifier(external.metric, `${at}.metric`),
      ...validateTarget(external.target, targetOf.external, `${at}.target`),
    );
  if (type === 'Pods' && pods)
    errors.push(
      ...validateIdentifier(pods.metric, `${at}.metric`),
      ...validateTarget(pods.target, targetOf.pods, `${at}.target`),
    );
  for (const each of [type === 'Resource' && resource, type === 'ContainerResource' && containerResource]) {
    if (!each) continue;
    if (!each.name) errors.push(required(`${at}.name`, 'must specify a resource name'));
    errors.push(...validateTarget(each.target, targetOf.resource, `${at}.target`));
  }
  if (type === 'ContainerResource' && containerResource && !containerResource.container)
    errors.push(required(`${at}.container`, 'must specify a container'));
  return errors;
}

function validateIdentifier(of: V2MetricIdentifier | undefined, path: string): FieldError[] {
  return [
    ...requiredField(of?.name, pathSegmentName, `${path}.name`),
    ...validateLabelSelector(of?.selector, `${path}.selector`),
  ];
}

interface Wanted {
  /** One of these; the last is named where none is set. */
  readonly fields: readonly ('averageUtilization' | 'averageValue' | 'value')[];
  readonly missing: string;
  readonly both?: string;
}

const targetOf: Readonly<Record<'object' | 'external' | 'pods' | 'resource', Wanted>> = {
  object: { fields: ['value', 'averageValue'], missing: 'must set either a target value or averageValue' },
  external: {
    fields: ['value', 'averageValue'],
    missing: 'must set either a target value for metric or a per-pod target',
    both: 'may not set both a target value for metric and a per-pod target',
  },
  pods: { fields: ['averageValue'], missing: 'must specify a positive target averageValue' },
  resource: {
    fields: ['averageValue', 'averageUtilization'],
    missing: 'must set either a target raw value or a target utilization',
    both: 'may not set both a target raw value and a target utilization',
  },
};

const targetTypes = ['AverageValue', 'Utilization', 'Value'];

function validateTarget(target: V2MetricTarget | undefined, wanted: Wanted, path: string): FieldError[] {
  if (!target?.type) return [required(`${path}.type`, 'must specify a metric target type')];
  if (!targetTypes.includes(target.type))
    return [invalidValue(`${path}.type`, target.type, 'must be either Utilization, Value, or AverageValue')];
  const errors: FieldError[] = [];
  const { averageUtilization } = target;
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field];
    if (amount === undefined) continue;
    const wrong = quantityError(amount);
    if (wrong) errors.push(invalidValue(`${path}.${field}`, amount, wrong));
    else if (parseQuantity(amount).nanos <= 0n)
      errors.push(invalidValue(`${path}.${field}`, amount, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalidValue(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  const given = wanted.fields.filter((field) => target[field] !== undefined);
  const [at] = wanted.fields.slice(-1);
  if (given.length === 0) errors.push(required(`${path}.${at}`, wanted.missing));
  if (given.length > 1 && wanted.both) errors.push(forbiddenField(`${path}.${given[0]}`, wanted.both));
  return errors;
}

const selects = ['Disabled', 'Max', 'Min'];
const longest = { window: 3600, period: 1800 } as const;

function validateRules(rules: V2HPAScalingRules, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  if (window !== undefined && window < 0)
    errors.push(invalidValue(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > longest.window)
    errors.push(
      invalidValue(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${longest.window}`),
    );
  if (selectPolicy && !selects.includes(selectPolicy))
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, selects));
  if (policies.length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'));
  policies.forEach(({ type, value, periodSeconds }, index) => {
    const at = `${path}.policies[${index}]`;
    if (!['Percent', 'Pods'].includes(type)) errors.push(notSupported(`${at}.type`, type ?? '', ['Percent', 'Pods']));
    if (!(value > 0)) errors.push(invalidValue(`${at}.value`, value ?? 0, 'must be greater than zero'));
    if (!(periodSeconds > 0))
      errors.push(invalidValue(`${at}.periodSeconds`, periodSeconds ?? 0, 'must be greater than zero'));
    else if (periodSeconds > longest.period)
      errors.push(
        invalidValue(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${longest.period}`),
      );
  });
  if (tolerance !== undefined)
    errors.push(
      ...optionalField(
        tolerance,
        (text) => {
          const wrong = quantityError(text);
          if (wrong !== undefined) return [wrong];
          return parseQuantity(text).nanos < 0n ? ['must be greater or equal to zero'] : [];
        },
        `${path}.tolerance`,
      ),
    );
  return errors;
}
