// Warnings about Services: what is ignored, and addresses in forms that mean several things.

import type { V1Service, V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import { warnOfAddress, warnOfCidr } from '../../rules/address-warnings.ts';

const topologyHints = 'service.kubernetes.io/topology-aware-hints';

export function warnOfService({ metadata, spec }: V1Service): string[] {
  const warnings: string[] = [];
  if (metadata?.annotations?.[topologyHints] !== undefined)
    warnings.push(`annotation ${topologyHints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  if (!spec) return warnings;
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  if (spec.type !== 'ExternalName' && !headless)
    spec.clusterIPs?.forEach((address, index) => {
      warnings.push(...warnOfAddress(address, `spec.clusterIPs[${index}]`));
    });
  if (headless) warnings.push(...warnOfHeadless(spec));
  const external = spec.externalIPs ?? [];
  external.forEach((address, index) => {
    warnings.push(...warnOfAddress(address, `spec.externalIPs[${index}]`));
  });
  if (external.length > 0 && !headless && spec.type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  warnings.push(...warnOfAddress(spec.loadBalancerIP, 'spec.loadBalancerIP'));
  spec.loadBalancerSourceRanges?.forEach((range, index) => {
    warnings.push(...warnOfCidr(range, `spec.loadBalancerSourceRanges[${index}]`));
  });
  if (spec.type === 'ExternalName' && external.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}

function warnOfHeadless({ loadBalancerIP, externalIPs, sessionAffinity }: V1ServiceSpec): string[] {
  const ignored = (field: string) => `spec.${field} is ignored for headless services`;
  return [
    ...(loadBalancerIP ? [ignored('loadBalancerIP')] : []),
    ...(externalIPs?.length ? [ignored('externalIPs')] : []),
    // The name of the field is written as Kubernetes writes it.
    ...(sessionAffinity && sessionAffinity !== 'None' ? [ignored('SessionAffinity')] : []),
  ];
}
