// Selectors of devices and settings for their drivers, in classes and claims.

import type { V1DeviceSelector, V1OpaqueDeviceConfiguration } from '../../../generated/kubernetes.ts';
import { expressions } from '../../cel/expressions.ts';
import { type FieldError, invalidValue, required, tooMany } from '../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../machinery/names.ts';
import { requiredField } from '../rules/field-rule.ts';

export const limits = {
  requests: 32,
  subRequests: 8,
  selectors: 32,
  constraints: 32,
  configs: 32,
  tolerations: 16,
} as const;

const longestExpression = 10 * 1024;

export function validateSelectors(selectors: readonly V1DeviceSelector[] | undefined, path: string): FieldError[] {
  const count = selectors?.length ?? 0;
  const errors = count > limits.selectors ? [tooMany(path, count, limits.selectors)] : [];
  selectors?.forEach(({ cel }, index) => {
    const at = `${path}[${index}].cel`;
    if (!cel) {
      errors.push(required(at));
      return;
    }
    const { expression = '' } = cel;
    if (expression.length > longestExpression)
      errors.push({
        type: 'FieldValueTooLong',
        field: `${at}.expression`,
        message: `Too long: may not be more than ${longestExpression} bytes`,
      });
    else if (expression.trim() === '') errors.push(required(`${at}.expression`));
    else errors.push(...validateExpression(expression, `${at}.expression`));
  });
  return errors;
}

function validateExpression(expression: string, path: string): FieldError[] {
  const { compileCel, deviceEnvironment } = expressions();
  const compiled = compileCel(expression, deviceEnvironment);
  if (!compiled.ok) return [invalidValue(path, expression, `compilation failed: ${compiled.error.message}`)];
  const { type } = compiled.value;
  return type === 'bool' || type === 'dyn' ? [] : [invalidValue(path, expression, 'must evaluate to bool')];
}

export function validateOpaque(opaque: V1OpaqueDeviceConfiguration | undefined, path: string): FieldError[] {
  if (!opaque) return [required(path, 'exactly one of `opaque` is required')];
  const errors = requiredField(opaque.driver, dns1123Subdomain, `${path}.opaque.driver`);
  const parameters: unknown = opaque.parameters;
  if (parameters === undefined || parameters === null) errors.push(required(`${path}.opaque.parameters`));
  else if (typeof parameters !== 'object' || Array.isArray(parameters))
    errors.push(invalidValue(`${path}.opaque.parameters`, parameters, 'must be a valid JSON object'));
  return errors;
}
