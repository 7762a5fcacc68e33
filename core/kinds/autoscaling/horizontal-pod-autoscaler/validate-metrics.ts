// What a HorizontalPodAutoscaler measures, and the target of each.

import type {
  V2CrossVersionObjectReference,
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
import { dns1123Label, pathSegmentName } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import { validateContainerResourceName } from '../../core/pod/validate-resources.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';

export function validateReference(of: Partial<V2CrossVersionObjectReference> | undefined, path: string): FieldError[] {
  return [
    ...requiredField(of?.kind, pathSegmentName, `${path}.kind`),
    ...requiredField(of?.name, pathSegmentName, `${path}.name`),
  ];
}

export function validateMetrics(
  metrics: readonly V2MetricSpec[],
  minReplicas: number | undefined,
  path: string,
): FieldError[] {
  const errors = metrics.flatMap((metric, index) => validateMetric(metric, `${path}[${index}]`));
  // Of no pods, nothing of their own can be measured.
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(
      forbiddenField(path, 'must specify at least one Object or External metric to support scaling to zero replicas'),
    );
  return errors;
}

/** The field of each type of metric, in the order in which they are looked at. */
const sources = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
} as const satisfies Readonly<Record<string, keyof V2MetricSpec>>;

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

function validateMetric(metric: V2MetricSpec, path: string): FieldError[] {
  const { type = '' } = metric;
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric source type'));
  const expected = getOwn(sources, type);
  if (!expected) errors.push(notSupported(`${path}.type`, type, types));
  const present = Object.values(sources).filter((field) => metric[field] !== undefined);
  const [first] = present;
  if (first) errors.push(...validateSource(metric, first, `${path}.${first}`));
  if (expected && metric[expected] === undefined)
    errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  for (const field of present)
    if (present.length > 1 && field !== expected)
      errors.push(forbiddenField(`${path}.${field}`, 'must populate the given metric source only'));
  return errors;
}

function validateSource(
  metric: V2MetricSpec,
  field: (typeof sources)[keyof typeof sources],
  path: string,
): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  switch (field) {
    case 'object':
      return [
        ...validateReference(object?.describedObject, `${path}.describedObject`),
        ...validateIdentifier(object?.metric, `${path}.metric`),
        ...validateTarget(object?.target, `${path}.target`),
        ...needsValue(object?.target, `${path}.target`, 'must set either a target value or averageValue'),
      ];
    case 'external':
      return [
        ...validateIdentifier(external?.metric, `${path}.metric`),
        ...validateTarget(external?.target, `${path}.target`),
        ...needsValue(
          external?.target,
          `${path}.target`,
          'must set either a target value for metric or a per-pod target',
        ),
        ...(external?.target?.value !== undefined && external.target.averageValue !== undefined
          ? [forbiddenField(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target')]
          : []),
      ];
    case 'pods':
      return [
        ...validateIdentifier(pods?.metric, `${path}.metric`),
        ...validateTarget(pods?.target, `${path}.target`),
        ...(pods?.target?.averageValue === undefined
          ? [required(`${path}.target.averageValue`, 'must specify a positive target averageValue')]
          : []),
      ];
    case 'resource':
      return [
        ...(resource?.name ? [] : [required(`${path}.name`, 'must specify a resource name')]),
        ...validateResourceTarget(resource?.target, `${path}.target`),
      ];
    case 'containerResource': {
      const { name, container } = containerResource ?? {};
      return [
        ...(name
          ? validateContainerResourceName(name, `${path}.name`)
          : [required(`${path}.name`, 'must specify a resource name')]),
        ...(container ? [] : [required(`${path}.container`, 'must specify a container')]),
        ...optionalField(container, dns1123Label, `${path}.container`),
        ...validateResourceTarget(containerResource?.target, `${path}.target`),
      ];
    }
  }
}

function validateIdentifier(of: V2MetricIdentifier | undefined, path: string): FieldError[] {
  return of?.name
    ? optionalField(of.name, pathSegmentName, `${path}.name`)
    : [required(`${path}.name`, 'must specify a metric name')];
}

function needsValue(target: V2MetricTarget | undefined, path: string, why: string): FieldError[] {
  return target?.value === undefined && target?.averageValue === undefined
    ? [required(`${path}.averageValue`, why)]
    : [];
}

function validateResourceTarget(target: V2MetricTarget | undefined, path: string): FieldError[] {
  const errors = validateTarget(target, path);
  const { averageUtilization, averageValue } = target ?? {};
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(forbiddenField(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'));
  return errors;
}

const targetTypes = ['AverageValue', 'Utilization', 'Value'];

function validateTarget(target: V2MetricTarget | undefined, path: string): FieldError[] {
  const { type = '', averageUtilization } = target ?? {};
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric target type'));
  if (!targetTypes.includes(type))
    errors.push(invalidValue(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target?.[field];
    if (amount !== undefined && parseQuantity(amount).nanos <= 0n)
      errors.push(invalidValue(`${path}.${field}`, amount, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalidValue(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  return errors;
}
