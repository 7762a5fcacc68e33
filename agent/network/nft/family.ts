// What differs between IPv4 and IPv6 in nftables. Rules are built once for each family, into a table of its own, from the same code.

import type { Json } from './ruleset.ts';

export interface Family {
  /** As Services and EndpointSlices call it. */
  readonly name: 'IPv4' | 'IPv6';
  /** Of nftables' tables. */
  readonly table: 'ip' | 'ip6';
  /** The type of addresses in sets. */
  readonly address: 'ipv4_addr' | 'ipv6_addr';
  readonly saddr: Json;
  readonly daddr: Json;
  readonly reject: Json;
  readonly everything: string;
  readonly multicast: string;
  /** `conntrack -f`. */
  readonly flows: 'ipv4' | 'ipv6';
}

export const ipv4: Family = {
  name: 'IPv4',
  table: 'ip',
  address: 'ipv4_addr',
  saddr: { payload: { protocol: 'ip', field: 'saddr' } },
  daddr: { payload: { protocol: 'ip', field: 'daddr' } },
  reject: { reject: { type: 'icmp', expr: 'port-unreachable' } },
  everything: '0.0.0.0/0',
  multicast: '224.0.0.0/4',
  flows: 'ipv4',
};

export const ipv6: Family = {
  name: 'IPv6',
  table: 'ip6',
  address: 'ipv6_addr',
  saddr: { payload: { protocol: 'ip6', field: 'saddr' } },
  daddr: { payload: { protocol: 'ip6', field: 'daddr' } },
  reject: { reject: { type: 'icmpv6', expr: 'port-unreachable' } },
  everything: '::/0',
  multicast: 'ff00::/8',
  flows: 'ipv6',
};

/** By which neighbours find each other's hardware addresses: without it nothing of IPv6 passes, as nothing of IPv4 does without ARP. */
export const neighbourDiscovery: Json = {
  match: {
    op: '==',
    left: { payload: { protocol: 'icmpv6', field: 'type' } },
    right: { set: ['nd-neighbor-solicit', 'nd-neighbor-advert'] },
  },
};
