// Validation of resource requests and limits.

import type { CoreV1ResourceClaim, V1ResourceRequirements } from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundField,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Label, qualifiedNameErrors } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { compareQuantities, parseQuantity, quantityError } from '../../../machinery/quantity.ts';

const hugePages = 'hugepages-';
/** Of a quantity. */
const unit = 1_000_000_000n;
const standard = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** `claims`: the names of the claims of devices that the pod has. */
export function validateContainerResources(
  resources: V1ResourceRequirements,
  claims: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const { limits = {}, requests = {} } = resources;
  const errors = [...validateList(limits, `${path}.limits`), ...validateList(requests, `${path}.requests`)];
  if (errors.length > 0) return errors;
  for (const [name, request] of Object.entries(requests)) {
    const limit = getOwn(limits, name);
    const exact = !overcommits(name);
    if (limit === undefined) {
      if (exact) errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
    if (exact && order !== 0)
      errors.push(invalidValue(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
    else if (order > 0)
      errors.push(invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some((name) => name.startsWith(hugePages)) && !names.some((name) => name === 'cpu' || name === 'memory'))
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'));
  return [...errors, ...validateClaims(resources.claims ?? [], claims, `${path}.claims`)];
}

function validateList(list: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.entries(list).flatMap(([name, value]) => {
    const at = `${path}[${name}]`;
    const wrong = [...validateResourceName(name, path), ...validateAmount(value, at)];
    if (wrong.length > 0) return wrong;
    const { nanos } = parseQuantity(value);
    if (name.includes('/') && nanos % unit !== 0n) return [invalidValue(at, value, 'must be an integer')];
    if (!name.startsWith(hugePages)) return [];
    const size = parseQuantity(name.slice(hugePages.length)).nanos;
    return nanos % size === 0n ? [] : [invalidValue(at, value, `${value} is not positive integer multiple of ${name}`)];
  });
}

function validateClaims(used: readonly CoreV1ResourceClaim[], claims: ReadonlySet<string>, path: string): FieldError[] {
  const seen = new Set<string>();
  return used.flatMap(({ name, request }, index) => {
    const at = `${path}[${index}]`;
    if (!name) return [required(at)];
    const errors = request
      ? dns1123Label(request).map((message) => invalidValue(`${at}.request`, request, message))
      : [];
    const key = request ? `${name}/${request}` : name;
    // A claim as a whole and one of its requests overlap.
    if (seen.has(name) || seen.has(key)) errors.push(duplicate(at, key));
    seen.add(key);
    if (!claims.has(name)) {
      const known = claims.size > 0 ? `: ${[...claims].sort().join(', ')}` : ' which is empty';
      const missing = notFoundField(at, name);
      errors.push({
        ...missing,
        message: `${missing.message}: must be one of the names in pod.spec.resourceClaims${known}`,
      });
    }
    return errors;
  });
}

/** A quantity that is zero or more. */
export function validateAmount(value: string, path: string): FieldError[] {
  const wrong = quantityError(value);
  if (wrong) return [invalidValue(path, value, wrong)];
  return parseQuantity(value).nanos < 0n ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];
}

function validateResourceName(name: string, path: string): FieldError[] {
  const errors = qualifiedNameErrors(name).map((message) => invalidValue(path, name, message));
  if (errors.length > 0) return errors;
  if (name.startsWith(hugePages) && hugePageSize(name) === undefined)
    return [invalidValue(path, name, 'must be a standard resource for containers')];
  if (!name.includes('/') && !standard.has(name) && !name.startsWith(hugePages)) {
    return [invalidValue(path, name, 'must be a standard resource type or fully qualified')];
  }
  return [];
}

function hugePageSize(name: string): bigint | undefined {
  const size = name.slice(hugePages.length);
  if (quantityError(size)) return undefined;
  const { nanos } = parseQuantity(size);
  return nanos > 0n ? nanos : undefined;
}

/** Of what a machine can give more than it has: not of devices and huge pages. */
function overcommits(name: string): boolean {
  return !name.startsWith(hugePages) && (!name.includes('/') || name.includes('kubernetes.io/'));
}
