// Which families of addresses a Service is of, where it does not say (KEP-563).

import type { V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import { familyOf, parseCidr } from '../../../machinery/cidr.ts';

type Spec = V1ServiceSpec;

export function isHeadless({ clusterIP, clusterIPs }: Spec): boolean {
  return clusterIP === 'None' || clusterIPs?.[0] === 'None';
}

/** Whoever makes endpoints for it may make them of either family, whichever the cluster gives addresses of. */
export function isForAnyEndpoints(spec: Spec): boolean {
  return spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
}

export function defaultFamilies(spec: Spec): void {
  spec.ipFamilyPolicy ??= isForAnyEndpoints(spec) ? 'RequireDualStack' : 'SingleStack';
  if (!spec.ipFamilies?.length) spec.ipFamilies = familiesOf(spec.clusterIPs);
  if (isForAnyEndpoints(spec) && spec.ipFamilies.length === 1 && spec.ipFamilyPolicy !== 'SingleStack')
    spec.ipFamilies = [...spec.ipFamilies, otherFamily(spec.ipFamilies[0])];
}

export function clusterFamilies(serviceCIDRs: readonly string[]): ('IPv4' | 'IPv6')[] {
  return serviceCIDRs.flatMap((text) => parseCidr(text)?.family ?? []);
}

export function otherFamily(family: string | undefined): 'IPv4' | 'IPv6' {
  return family === 'IPv6' ? 'IPv4' : 'IPv6';
}

function familiesOf(addresses: readonly string[] | undefined): string[] {
  const known = (addresses ?? []).flatMap((address) => familyOf(address) ?? []);
  return known.length > 0 ? [...new Set(known)] : ['IPv4'];
}
