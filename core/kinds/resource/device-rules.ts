// Selectors of devices and settings for their drivers, in classes, claims and allocations.

import type { V1DeviceSelector, V1OpaqueDeviceConfiguration } from '../../../generated/kubernetes.ts';
import { expressions } from '../../cel/expressions.ts';
import { type FieldError, invalidValue, required, tooLong } from '../../machinery/field-error.ts';
import type { Steps } from '../../machinery/steps.ts';
import { validateDriverName } from '../storage/driver-name.ts';
import { limits } from './limits.ts';
import { validateList } from './lists.ts';

const longestExpression = 10 * 1024;
/** Of what a driver reads or writes, as JSON. */
const longestData = 10 * 1024;

/** What is wrong with expressions that were compiled ahead, by their selectors. */
const judgedAhead = new WeakMap<readonly V1DeviceSelector[], ReadonlyMap<string, readonly FieldError[]>>();

/** One expression a step: a claim may have a thousand, each of which takes some milliseconds. */
export function* compileSelectorsAhead(selectors: readonly V1DeviceSelector[] | undefined): Steps<void> {
  if (!selectors || selectors.length > limits.selectors) return;
  const judged = new Map<string, readonly FieldError[]>();
  for (const { cel } of selectors) {
    const expression = cel?.expression ?? '';
    judged.set(expression, validateExpression(expression, ''));
    yield;
  }
  judgedAhead.set(selectors, judged);
}

/** `stored`: they were there before, and are not judged again. */
export function validateSelectors(
  selectors: readonly V1DeviceSelector[] | undefined,
  path: string,
  stored = false,
): FieldError[] {
  return validateList(selectors, limits.selectors, path, ({ cel }, at) => {
    if (!cel) return [required(`${at}.cel`)];
    if (stored) return [];
    const expression = cel.expression ?? '';
    const field = `${at}.cel.expression`;
    const judged = selectors && judgedAhead.get(selectors)?.get(expression);
    return judged?.map((each) => ({ ...each, field })) ?? validateExpression(expression, field);
  });
}

function validateExpression(expression: string, path: string): FieldError[] {
  if (Buffer.byteLength(expression) > longestExpression) return [tooLong(path, longestExpression)];
  if (expression.trim() === '') return [required(path)];
  const { compileCel, deviceEnvironment } = expressions();
  const compiled = compileCel(expression, deviceEnvironment);
  if (!compiled.ok) return [invalidValue(path, expression, `compilation failed: ${compiled.error.message}`)];
  const { type } = compiled.value;
  return type === 'bool' || type === 'dyn'
    ? []
    : [invalidValue(path, expression, `must evaluate to bool or the unknown type, not ${type}`)];
}

/** `stored`: they were there before, when they might be longer. */
export function validateOpaque(
  opaque: V1OpaqueDeviceConfiguration | undefined,
  path: string,
  stored = false,
): FieldError[] {
  if (!opaque) return [required(`${path}.opaque`)];
  const at = `${path}.opaque.parameters`;
  const parameters: unknown = opaque.parameters;
  return [
    ...validateDriverName(opaque.driver, `${path}.opaque.driver`),
    ...(parameters === undefined ? [required(at)] : validateData(parameters, at, stored)),
  ];
}

/** Any JSON object of a size that a driver may expect. */
export function validateData(data: unknown, path: string, stored = false): FieldError[] {
  if (!stored && Buffer.byteLength(JSON.stringify(data) ?? '') > longestData) return [tooLong(path, longestData)];
  if (data === null) return [required(path)];
  return typeof data === 'object' && !Array.isArray(data)
    ? []
    : [invalidValue(path, '<value omitted>', 'must be a valid JSON object')];
}
