// The claims of devices that a pod has, by their names or to be made from templates (KEP-4381).

import type { V1PodResourceClaim } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.ts';

/** `podName`: undefined in a template, whose pods have other names. */
export function validatePodClaims(
  claims: readonly V1PodResourceClaim[],
  podName: string | undefined,
  path: string,
): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, index) => {
    const { name } = claim;
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else errors.push(...validateName(claim, podName, `${at}.name`));
    if (name) names.add(name);
    return [...errors, ...validateSource(claim, at)];
  });
}

function validateName(
  { name, resourceClaimTemplateName: template }: V1PodResourceClaim,
  podName: string | undefined,
  path: string,
): FieldError[] {
  const wrong = dns1123Label(name).map((message) => invalidValue(path, name, message));
  if (wrong.length > 0 || podName === undefined || template === undefined) return wrong;
  const made = `${podName}-${name}`;
  return dns1123Subdomain(made).map((message) => invalidValue(path, made, `final ResourceClaim name: ${message}`));
}

function validateSource(claim: V1PodResourceClaim, path: string): FieldError[] {
  const { resourceClaimName: byName, resourceClaimTemplateName: template } = claim;
  const errors: FieldError[] = [];
  if (byName !== undefined && template !== undefined)
    errors.push(
      invalidValue(path, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'),
    );
  if (byName === undefined && template === undefined)
    errors.push(invalidValue(path, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
  for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
    const name = claim[field];
    if (name !== undefined)
      errors.push(...dns1123Subdomain(name).map((message) => invalidValue(`${path}.${field}`, name, message)));
  }
  return errors;
}
