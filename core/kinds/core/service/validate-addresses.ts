// What a Service says of its addresses and their families, by itself and against what it said before (KEP-563).

import type { V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { seenBefore } from '../../../machinery/seen-before.ts';
import { validateAddress } from '../../rules/addresses.ts';
import { isHeadless } from './families.ts';

const families = ['IPv4', 'IPv6'];
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const at = 'spec.clusterIPs';
const unchangeable = 'may not change once set';

export function validateAddresses(spec: V1ServiceSpec, before: V1ServiceSpec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const errors = [...validatePair(spec), ...validateFamilies(spec)];
  const wrong = validateList(spec, before?.clusterIPs);
  errors.push(...wrong);
  if (wrong.length === 0) errors.push(...validateTogether(spec));
  return errors.length > 0 ? errors : validatePolicy(spec);
}

/** The field for one address, and the first of those for several. */
function validatePair({ clusterIP, clusterIPs = [] }: V1ServiceSpec): FieldError[] {
  const [first] = clusterIPs;
  if (!clusterIP) return first ? [invalidValue(at, clusterIPs, 'must be empty when `clusterIP` is not specified')] : [];
  if (first === undefined) return [required(at)];
  return first === clusterIP ? [] : [invalidValue(at, clusterIPs, 'first value must match `clusterIP`')];
}

function validateFamilies({ ipFamilies = [], ipFamilyPolicy }: V1ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const again = seenBefore();
  ipFamilies.forEach((family, index) => {
    const path = `spec.ipFamilies[${index}]`;
    if (!families.includes(family)) errors.push(notSupported(path, family, families));
    else if (again(family)) errors.push(duplicate(path, family));
  });
  if (ipFamilyPolicy !== undefined && !policies.includes(ipFamilyPolicy))
    errors.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, policies));
  return errors;
}

function validateList({ clusterIPs = [] }: V1ServiceSpec, known: readonly string[] | undefined): FieldError[] {
  if (clusterIPs[0] === 'None')
    return clusterIPs.length > 1 ? [invalidValue(at, clusterIPs, "'None' must be the first and only value")] : [];
  // An empty one stands for an address to be given out.
  const errors = clusterIPs.flatMap((address, index) =>
    address === '' ? [] : validateAddress(address, `${at}[${index}]`, known),
  );
  if (clusterIPs.length > 2) errors.push(invalidValue(at, clusterIPs, 'may only hold up to 2 values'));
  return errors;
}

/** Addresses that are ones: no two of a family, and each of the family that stands in its place. */
function validateTogether({ clusterIPs = [], ipFamilies = [] }: V1ServiceSpec): FieldError[] {
  const own = clusterIPs.map(familyOf);
  const errors: FieldError[] = [];
  if (own.length === 2 && own[0] && own[0] === own[1])
    errors.push(invalidValue(at, clusterIPs, 'may specify no more than one IP for each IP family'));
  clusterIPs.forEach((address, index) => {
    const [family, said] = [own[index], ipFamilies[index]];
    if (family && said && family !== said)
      errors.push(
        invalidValue(`${at}[${index}]`, address, `expected an ${said} value as indicated by \`ipFamilies[${index}]\``),
      );
  });
  return errors;
}

function validatePolicy({ clusterIPs = [], ipFamilies = [], ipFamilyPolicy: policy }: V1ServiceSpec): FieldError[] {
  if (policy !== 'SingleStack') return [];
  const several = (what: string) =>
    invalidValue(
      'spec.ipFamilyPolicy',
      policy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  return [
    ...(clusterIPs.length > 1 ? [several('cluster IPs')] : []),
    ...(ipFamilies.length > 1 ? [several('IP families')] : []),
  ];
}

/** A second address may come and go; the first stays for as long as the Service has addresses. */
export function validateAddressUpdate(after: V1ServiceSpec, before: V1ServiceSpec): FieldError[] {
  if (after.type === 'ExternalName' || before.type === 'ExternalName') return [];
  if (isHeadless(after) && isHeadless(before)) return [];
  const [now, was] = [after.clusterIPs ?? [], before.clusterIPs ?? []];
  if (was.length > 0 && now.length === 0) return [invalidValue(`${at}[0]`, now, 'primary clusterIP can not be unset')];
  const kept = now.length === was.length ? was : was.slice(0, 1);
  const errors = kept.flatMap((address, index) =>
    address === now[index] ? [] : [invalidValue(`${at}[${index}]`, now, unchangeable)],
  );
  if (now.length < was.length && after.ipFamilyPolicy !== 'SingleStack')
    errors.push(
      invalidValue(
        'spec.ipFamilyPolicy',
        after.ipFamilyPolicy ?? null,
        "must be set to 'SingleStack' when releasing the secondary clusterIP",
      ),
    );
  return errors;
}

export function validateFamilyUpdate(after: V1ServiceSpec, before: V1ServiceSpec): FieldError[] {
  if (after.type === 'ExternalName' || before.type === 'ExternalName') return [];
  // Without addresses nothing hangs on the families.
  if (isHeadless(after) && isHeadless(before)) return [];
  const [now, was] = [after.ipFamilies ?? [], before.ipFamilies ?? []];
  const kept = now.length === was.length ? was : was.slice(0, 1);
  const errors = kept.flatMap((family, index) =>
    family === now[index] ? [] : [invalidValue(`spec.ipFamilies[${index}]`, now, unchangeable)],
  );
  if (now.length === 1 && was.length > 1 && after.ipFamilyPolicy !== 'SingleStack')
    errors.push(
      invalidValue(
        'spec.ipFamilyPolicy',
        after.ipFamilyPolicy ?? null,
        "must be set to 'SingleStack' when releasing the secondary ipFamily",
      ),
    );
  return errors;
}
