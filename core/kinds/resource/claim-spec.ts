// What a claim asks for: requests for devices, constraints and settings of drivers.

import type { V1DeviceClaim, V1DeviceRequest, V1DeviceToleration } from '../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts';
import { validateLabelKey } from '../../machinery/labels.ts';
import { dns1123Label, dns1123Subdomain } from '../../machinery/names.ts';
import { requiredField } from '../rules/field-rule.ts';
import { limits, validateOpaque, validateSelectors } from './device-rules.ts';

/** One device, where an exact count is wanted and none is given. */
export function defaultClaim(claim: V1DeviceClaim | undefined): void {
  for (const { exactly, firstAvailable } of claim?.requests ?? [])
    for (const each of [exactly, ...(firstAvailable ?? [])])
      if (each?.allocationMode === 'ExactCount') each.count ||= 1;
}

export function validateClaim(claim: V1DeviceClaim | undefined, path: string): FieldError[] {
  const { constraints = [], config = [] } = claim ?? {};
  const requests = claim?.requests ?? [];
  const errors: FieldError[] = [];
  if (requests.length > limits.requests) errors.push(tooMany(`${path}.requests`, requests.length, limits.requests));
  const names = new Set<string>();
  requests.forEach((request, index) => {
    const at = `${path}.requests[${index}]`;
    errors.push(...validateRequest(request, at));
    if (request.name && names.has(request.name)) errors.push(duplicate(`${at}.name`, request.name));
    names.add(request.name);
    for (const { name } of request.firstAvailable ?? []) names.add(`${request.name}/${name}`);
  });
  const validateNames = (wanted: readonly string[] | undefined, at: string) => {
    const seen = new Set<string>();
    wanted?.forEach((name, index) => {
      const place = `${at}[${index}]`;
      if (!names.has(name))
        errors.push(
          invalidValue(
            place,
            name,
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
          ),
        );
      if (seen.has(name)) errors.push(duplicate(place, name));
      seen.add(name);
    });
  };
  if (constraints.length > limits.constraints)
    errors.push(tooMany(`${path}.constraints`, constraints.length, limits.constraints));
  constraints.forEach(({ requests: of, matchAttribute, distinctAttribute }, index) => {
    const at = `${path}.constraints[${index}]`;
    validateNames(of, `${at}.requests`);
    if (matchAttribute === undefined && distinctAttribute === undefined)
      errors.push(required(at, 'exactly one of `matchAttribute` or `distinctAttribute` is required'));
    if (matchAttribute !== undefined) errors.push(...validateAttribute(matchAttribute, `${at}.matchAttribute`));
    if (distinctAttribute !== undefined)
      errors.push(...validateAttribute(distinctAttribute, `${at}.distinctAttribute`));
  });
  if (config.length > limits.configs) errors.push(tooMany(`${path}.config`, config.length, limits.configs));
  config.forEach(({ requests: of, opaque }, index) => {
    validateNames(of, `${path}.config[${index}].requests`);
    errors.push(...validateOpaque(opaque, `${path}.config[${index}]`));
  });
  return errors;
}

/** What an exact request and an alternative have in common. */
type Wish = NonNullable<V1DeviceRequest['exactly']>;

function validateRequest({ name, exactly, firstAvailable }: V1DeviceRequest, path: string): FieldError[] {
  const errors = requiredField(name, dns1123Label, `${path}.name`);
  const several = firstAvailable !== undefined && firstAvailable.length > 0;
  if (!exactly && !several) errors.push(required(path, 'exactly one of `exactly` or `firstAvailable` is required'));
  if (exactly && several)
    errors.push(
      invalidValue(path, null, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set'),
    );
  if (exactly) errors.push(...validateWish(exactly, `${path}.exactly`));
  if (!several) return errors;
  if (firstAvailable.length > limits.subRequests)
    errors.push(tooMany(`${path}.firstAvailable`, firstAvailable.length, limits.subRequests));
  const names = new Set<string>();
  firstAvailable.forEach((each, index) => {
    const at = `${path}.firstAvailable[${index}]`;
    errors.push(...requiredField(each.name, dns1123Label, `${at}.name`));
    if (each.name && names.has(each.name)) errors.push(duplicate(`${at}.name`, each.name));
    names.add(each.name);
    errors.push(...validateWish(each, at));
  });
  return errors;
}

const modes = ['All', 'ExactCount'];

function validateWish(
  { deviceClassName, selectors, allocationMode, count, tolerations }: Wish,
  path: string,
): FieldError[] {
  const errors = requiredField(deviceClassName, dns1123Subdomain, `${path}.deviceClassName`);
  errors.push(...validateSelectors(selectors, `${path}.selectors`));
  if (allocationMode === 'All') {
    if (count) errors.push(invalidValue(`${path}.count`, count, `must not be specified when allocationMode is 'All'`));
  } else if (allocationMode === 'ExactCount') {
    if (!(count !== undefined && count > 0))
      errors.push(invalidValue(`${path}.count`, count ?? 0, 'must be greater than zero'));
  } else errors.push(notSupported(`${path}.allocationMode`, allocationMode ?? '', modes));
  if ((tolerations?.length ?? 0) > limits.tolerations)
    errors.push(tooMany(`${path}.tolerations`, tolerations?.length ?? 0, limits.tolerations));
  return [
    ...errors,
    ...(tolerations ?? []).flatMap((each, index) => validateToleration(each, `${path}.tolerations[${index}]`)),
  ];
}

const effects = ['NoExecute', 'NoSchedule', 'None'];

function validateToleration({ key, operator, value, effect }: V1DeviceToleration, path: string): FieldError[] {
  const errors = key ? validateLabelKey(key, `${path}.key`) : [];
  if (operator === 'Exists') {
    if (value) errors.push(invalidValue(`${path}.value`, value, 'must be empty for operator `Exists`'));
  } else if (operator !== 'Equal') errors.push(notSupported(`${path}.operator`, operator ?? '', ['Equal', 'Exists']));
  else if (!key) errors.push(invalidValue(`${path}.operator`, operator, 'must be `Exists` when `key` is empty'));
  if (effect && !effects.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, effects));
  return errors;
}

/** `domain/name`, of which the name is an identifier. */
function validateAttribute(name: string, path: string): FieldError[] {
  const [domain = '', id, ...more] = name.split('/');
  if (id === undefined || more.length > 0) return [invalidValue(path, name, 'must include a domain')];
  return [
    ...requiredField(domain, dns1123Subdomain, path),
    ...(/^[A-Za-z_][A-Za-z0-9_]{0,31}$/.test(id)
      ? []
      : [invalidValue(path, id, 'must be a C identifier of at most 32 characters')]),
  ];
}
