// Validation of resource requests and limits.

import type { CoreV1ResourceClaim, V1ResourceRequirements } from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  errorsOf,
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundField,
  required,
  tooMany,
} from '../../../machinery/field-error.ts';
import { dns1123Label, qualifiedNameErrors } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { compareQuantities, parseQuantity, quantityError } from '../../../machinery/quantity.ts';

const hugePages = 'hugepages-';
/** Of a quantity. */
const unit = 1_000_000_000n;
const ofContainer = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Names that mean something elsewhere, such as in quotas. */
const standard = new Set([
  ...['requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'requests.storage', 'storage'],
  ...['limits.cpu', 'limits.memory', 'limits.ephemeral-storage', 'pods', 'services', 'replicationcontrollers'],
  ...['resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports'],
  'services.loadbalancers',
]);

/** `claims`: the names of the claims of devices that the pod has. */
export function validateContainerResources(
  resources: V1ResourceRequirements,
  claims: ReadonlySet<string>,
  path: string,
): FieldError[] {
  return validateResources(resources, claims, path, validateContainerResourceName);
}

/** Different resources of one list of amounts. Kubernetes has no bound; ours is beyond what any machine has, and keeps them from holding the thread. */
const mostResources = 1000;

/** Whether a list has more than are looked at: it is refused, and nothing else is done with it. */
export function hasTooManyResources(list: Readonly<Record<string, unknown>> | undefined): boolean {
  if (!list) return false;
  let count = 0;
  for (const _ in list) if (++count > mostResources) return true;
  return false;
}

/** What is wrong with the number of each of these lists, by their paths. */
export function tooManyResources(
  lists: readonly (readonly [path: string, list: Readonly<Record<string, unknown>> | undefined])[],
): FieldError[] {
  return lists.flatMap(([path, list]) =>
    list && hasTooManyResources(list) ? [tooMany(path, Object.keys(list).length, mostResources)] : [],
  );
}

type ValidateName = (name: string, path: string) => FieldError[];

export function validateResources(
  resources: V1ResourceRequirements,
  claims: ReadonlySet<string>,
  path: string,
  validateName: ValidateName,
): FieldError[] {
  const { limits = {}, requests = {} } = resources;
  const many = tooManyResources([
    [`${path}.limits`, limits],
    [`${path}.requests`, requests],
  ]);
  if (many.length > 0) return many;
  const errors = errorsOf(Object.entries(limits), ([name, value]) =>
    validateEntry(name, value, `${path}.limits[${name}]`, validateName),
  );
  const ofRequests = errorsOf(Object.entries(requests), ([name, request]) => [
    ...validateEntry(name, request, `${path}.requests[${name}]`, validateName),
    ...validateWithin(name, request, getOwn(limits, name), path),
  ]);
  errors.push(...ofRequests);
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some((name) => name.startsWith(hugePages)) && !names.some((name) => name === 'cpu' || name === 'memory'))
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'));
  return [...errors, ...validateClaims(resources.claims ?? [], claims, `${path}.claims`)];
}

/** A request beside its limit. */
function validateWithin(name: string, request: string, limit: string | undefined, path: string): FieldError[] {
  const exact = !overcommits(name);
  if (limit === undefined)
    return exact ? [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')] : [];
  const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
  const wanted = exact && order !== 0 ? 'must be equal to' : order > 0 ? 'must be less than or equal to' : undefined;
  return wanted ? [invalidValue(`${path}.requests`, request, `${wanted} ${name} limit of ${limit}`)] : [];
}

function validateEntry(name: string, value: string, path: string, validateName: ValidateName): FieldError[] {
  const errors = [...validateName(name, path), ...validateAmountOf(name, value, path)];
  if (!name.startsWith(hugePages)) return errors;
  const { nanos } = parseQuantity(value);
  const size = hugePageSize(name);
  if (size === undefined || nanos % size !== 0n)
    errors.push(invalidValue(path, value, `${value} is not positive integer multiple of ${name}`));
  return errors;
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

/** What is counted in whole. */
const counted = new Set([
  ...['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps'],
  ...['persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'],
]);

/** An amount of the named resource. */
export function validateAmountOf(name: string, value: string, path: string): FieldError[] {
  const errors = validateAmount(value, path);
  if ((isExtended(name) || counted.has(name)) && parseQuantity(value).nanos % unit !== 0n)
    errors.push(invalidValue(path, value, 'must be an integer'));
  return errors;
}

/** The name of a resource: Kubernetes' own, or of a domain. */
export function validateResourceName(name: string, path: string): FieldError[] {
  const errors = qualifiedNameErrors(name).map((message) => invalidValue(path, name, message));
  const known = isOfContainers(name) || name.startsWith(`requests.${hugePages}`) || standard.has(name);
  if (errors.length === 0 && !name.includes('/') && !known)
    errors.push(invalidValue(path, name, 'must be a standard resource type or fully qualified'));
  return errors;
}

/** The name of what a container asks for. */
export function validateContainerResourceName(name: string, path: string): FieldError[] {
  const errors = validateResourceName(name, path);
  if (!name.includes('/')) {
    if (!isOfContainers(name)) errors.push(invalidValue(path, name, 'must be a standard resource for containers'));
  } else if (errors.length === 0 && !isNative(name) && !isExtended(name))
    errors.push(invalidValue(path, name, "doesn't follow extended resource name standard"));
  return errors;
}

function isOfContainers(name: string): boolean {
  return ofContainer.has(name) || name.startsWith(hugePages);
}

/** Kubernetes' own. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Of somebody else's domain: a whole number of devices, which quotas can count. */
export function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && qualifiedNameErrors(`requests.${name}`).length === 0;
}

function hugePageSize(name: string): bigint | undefined {
  const size = name.slice(hugePages.length);
  if (quantityError(size)) return undefined;
  const { nanos } = parseQuantity(size);
  return nanos > 0n ? nanos : undefined;
}

/** Of what a machine can give more than it has: not of devices and huge pages. */
export function overcommits(name: string): boolean {
  return !name.startsWith(hugePages) && isNative(name);
}
