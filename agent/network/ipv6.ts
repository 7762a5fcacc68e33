// What a node has of IPv6 in a cluster of both families (KEP-563), beside its IPv4.

import { addressAt, parseCidr } from '../../core/machinery/cidr.ts';

export interface Ipv6Network {
  /** By which other nodes on the link reach its pods; without it these are reached through WireGuard, and it has no node ports of IPv6. */
  readonly nodeIP?: string;
  /** The node's own pod range, from Node.spec.podCIDRs. */
  readonly podCIDR: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** The second address of the node's DNS server, inside the service range. */
  readonly clusterDNS: string;
}

/** The first address of the node's range: its pods' way out. */
export function gateway6Of({ podCIDR }: Ipv6Network): string {
  const range = parseCidr(podCIDR);
  if (range?.family !== 'IPv6') throw new Error(`the node's range of pod addresses ${podCIDR} is none of IPv6`);
  return addressAt(range, 1n);
}
