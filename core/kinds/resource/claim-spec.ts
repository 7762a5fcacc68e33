// What a claim asks for: requests for devices, constraints and settings of drivers.

import type { V1DeviceClaim, V1DeviceConstraint, V1DeviceRequest } from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../machinery/names.ts';
import type { Steps } from '../../machinery/steps.ts';
import { requiredField } from '../rules/field-rule.ts';
import { compileSelectorsAhead, validateOpaque, validateSelectors } from './device-rules.ts';
import { limits } from './limits.ts';
import { validateList, validateSet } from './lists.ts';
import { validateFullyQualifiedName, validateLabelName } from './names.ts';
import { validateTolerations } from './taints.ts';

/** One device, where an exact count is wanted and none is given. */
export function defaultClaim(claim: V1DeviceClaim | undefined): void {
  for (const { exactly, firstAvailable } of claim?.requests ?? [])
    for (const each of [exactly, ...(firstAvailable ?? [])])
      if (each?.allocationMode === 'ExactCount') each.count ||= 1;
}

/** More requests than there may be are refused unread. */
export function* compileClaimAhead(claim: V1DeviceClaim | undefined): Steps<void> {
  const requests = claim?.requests ?? [];
  if (requests.length > limits.requests) return;
  for (const { exactly, firstAvailable } of requests) {
    yield* compileSelectorsAhead(exactly?.selectors);
    if ((firstAvailable?.length ?? 0) > limits.subRequests) continue;
    for (const { selectors } of firstAvailable ?? []) yield* compileSelectorsAhead(selectors);
  }
}

export function validateClaim(claim: V1DeviceClaim | undefined, path: string): FieldError[] {
  const { constraints, config } = claim ?? {};
  const requests = claim?.requests ?? [];
  const names = requestNames(claim);
  return [
    ...validateSet(requests, limits.requests, `${path}.requests`, ({ name }) => name ?? '', validateRequest),
    ...validateList(constraints, limits.constraints, `${path}.constraints`, (each, at) =>
      validateConstraint(each, names, at),
    ),
    ...validateList(config, limits.configs, `${path}.config`, ({ requests: of, opaque }, at) => [
      ...validateReferences(of, names, `${at}.requests`),
      ...validateOpaque(opaque, at),
    ]),
  ];
}

/** The names of a claim's requests, and of those among which one is chosen, as `request/subrequest`. */
export function requestNames(claim: V1DeviceClaim | undefined): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, firstAvailable } of claim?.requests ?? []) {
    names.add(name);
    for (const sub of firstAvailable ?? []) names.add(`${name}/${sub.name}`);
  }
  return names;
}

/** What is said of some requests only names each of them once. */
export function validateReferences(
  references: readonly string[] | undefined,
  names: ReadonlySet<string>,
  path: string,
): FieldError[] {
  return validateSet(
    references,
    limits.requests,
    path,
    (each) => each,
    (each, at) => validateReference(each, names, at),
  );
}

export function validateReference(name: string | undefined, names: ReadonlySet<string>, path: string): FieldError[] {
  const unknown = invalidValue(
    path,
    name ?? '',
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
  );
  const segments = (name ?? '').split('/');
  if (segments.length > 2) return [unknown];
  const errors = segments.flatMap((segment) => validateLabelName(segment, path));
  return names.has(name ?? '') ? errors : [...errors, unknown];
}

function validateConstraint(
  { requests, matchAttribute, distinctAttribute }: V1DeviceConstraint,
  names: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors = validateReferences(requests, names, `${path}.requests`);
  if (matchAttribute !== undefined)
    errors.push(...validateFullyQualifiedName(matchAttribute, `${path}.matchAttribute`));
  else if (distinctAttribute !== undefined)
    errors.push(...validateFullyQualifiedName(distinctAttribute, `${path}.distinctAttribute`));
  else
    errors.push(
      required(path, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'),
    );
  return errors;
}

/** What an exact request and an alternative have in common. */
type Wish = NonNullable<V1DeviceRequest['exactly']>;

function validateRequest({ name, exactly, firstAvailable = [] }: V1DeviceRequest, path: string): FieldError[] {
  const errors = validateLabelName(name, `${path}.name`);
  const several = firstAvailable.length > 0;
  if (exactly && several)
    errors.push(
      invalidValue(
        path,
        'null',
        'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
      ),
    );
  else if (exactly) errors.push(...validateWish(exactly, `${path}.exactly`));
  else if (several)
    errors.push(
      ...validateSet(
        firstAvailable,
        limits.subRequests,
        `${path}.firstAvailable`,
        (each) => each.name ?? '',
        (each, at) => [...validateLabelName(each.name, `${at}.name`), ...validateWish(each, at)],
      ),
    );
  else errors.push(required(path, 'exactly one of `exactly` or `firstAvailable` is required'));
  return errors;
}

function validateWish(wish: Wish, path: string): FieldError[] {
  return [
    ...requiredField(wish.deviceClassName, dns1123Subdomain, `${path}.deviceClassName`),
    ...validateSelectors(wish.selectors, `${path}.selectors`),
    ...validateCount(wish, path),
    ...validateTolerations(wish.tolerations, `${path}.tolerations`),
  ];
}

function validateCount({ allocationMode, count = 0 }: Wish, path: string): FieldError[] {
  if (allocationMode === 'All')
    return count ? [invalidValue(`${path}.count`, count, `must not be specified when allocationMode is 'All'`)] : [];
  if (allocationMode === 'ExactCount')
    return count > 0 ? [] : [invalidValue(`${path}.count`, count, 'must be greater than zero')];
  return [notSupported(`${path}.allocationMode`, allocationMode ?? '', ['All', 'ExactCount'])];
}
