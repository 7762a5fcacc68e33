// The cluster's DNS records, from Services and EndpointSlices (Kubernetes DNS-Based Service Discovery 1.1).

import { contains, familyOf, parseCidr } from '../../../core/machinery/cidr.ts';
import { gather } from '../../../core/machinery/gather.ts';
import { formatIp, parseIp } from '../../../core/machinery/ip.ts';
import type { V1Endpoint, V1EndpointSlice, V1Namespace, V1Service } from '../../../generated/kubernetes.ts';

interface ServiceLocation {
  readonly port: number;
  readonly target: string;
}

/** What a name has. All lists empty: the name exists only because names below it do (RFC 8020). */
export interface NameRecords {
  readonly a: string[];
  readonly aaaa: string[];
  readonly srv: ServiceLocation[];
  readonly ptr: string[];
  readonly txt: string[];
  cname?: string;
}

export interface Zone {
  /** `cluster.local`: lower case, no dot at the end. */
  readonly domain: string;
  /** By lower case name with no dot at the end. */
  readonly names: ReadonlyMap<string, NameRecords>;
  readonly namespaces: ReadonlySet<string>;
  /** Ranges whose reverse names are ours to answer. */
  readonly reverse: readonly string[];
}

export interface ZoneInput {
  readonly domain: string;
  /** One of each family that the cluster has. */
  readonly clusterDNS: readonly string[];
  /** Service and pod ranges. */
  readonly reverse: readonly string[];
  readonly services: readonly V1Service[];
  readonly endpointSlices: readonly V1EndpointSlice[];
  readonly namespaces: readonly V1Namespace[];
}

export function buildZone(input: ZoneInput): Zone {
  const domain = input.domain.toLowerCase().replace(/\.$/, '');
  const names = new Map<string, NameRecords>();
  const at = (name: string): NameRecords => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const made: NameRecords = { a: [], aaaa: [], srv: [], ptr: [], txt: [] };
    names.set(name, made);
    // Every name between this one and the zone exists too.
    const parent = name.slice(name.indexOf('.') + 1);
    if (name !== domain && parent.endsWith(domain)) at(parent);
    return made;
  };

  at(domain);
  at(`pod.${domain}`);
  for (const address of input.clusterDNS) addAddress(at(`ns.dns.${domain}`), address);
  at(`dns-version.${domain}`).txt.push('1.1.0');
  const namespaces = new Set(input.namespaces.flatMap(({ metadata }) => metadata?.name ?? []));
  for (const namespace of namespaces) {
    at(`${namespace}.svc.${domain}`);
    at(`${namespace}.pod.${domain}`);
  }

  const slicesOf = new Map<string, V1EndpointSlice[]>();
  for (const slice of input.endpointSlices) {
    const service = slice.metadata?.labels?.['kubernetes.io/service-name'];
    if ((slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6') || service === undefined) continue;
    const key = `${slice.metadata?.namespace}/${service}`;
    gather(slicesOf, key, slice);
  }

  for (const { metadata, spec } of input.services) {
    const name = `${metadata?.name}.${metadata?.namespace}.svc.${domain}`.toLowerCase();
    if (spec?.type === 'ExternalName') {
      if (spec.externalName) at(name).cname = spec.externalName.toLowerCase().replace(/\.$/, '');
      continue;
    }
    const clusterIPs = new Set([spec?.clusterIP ?? '', ...(spec?.clusterIPs ?? [])].filter((ip) => familyOf(ip)));
    if (clusterIPs.size > 0) {
      for (const ip of clusterIPs) {
        addAddress(at(name), ip);
        at(reverseName(ip)).ptr.push(name);
      }
      for (const port of spec?.ports ?? []) {
        if (!port.name) continue;
        at(`_${port.name}._${(port.protocol ?? 'TCP').toLowerCase()}.${name}`).srv.push({
          port: port.port,
          target: name,
        });
      }
    } else if (spec?.clusterIP === 'None') {
      at(name);
      const slices = slicesOf.get(`${metadata?.namespace}/${metadata?.name}`) ?? [];
      for (const slice of slices) addHeadless(at, name, slice, spec.publishNotReadyAddresses ?? false);
    }
  }
  return { domain, names, namespaces, reverse: input.reverse };
}

function addHeadless(at: (name: string) => NameRecords, name: string, slice: V1EndpointSlice, unready: boolean): void {
  for (const endpoint of slice.endpoints ?? []) {
    const ip = endpoint.addresses[0];
    if (ip === undefined || !familyOf(ip) || (!unready && endpoint.conditions?.ready === false)) continue;
    const target = `${hostOf(endpoint, ip)}.${name}`;
    addAddress(at(name), ip);
    addAddress(at(target), ip);
    addOnce(at(reverseName(ip)).ptr, target);
    for (const port of slice.ports ?? []) {
      if (!port.name || port.port === undefined) continue;
      const locations = at(`_${port.name}._${(port.protocol ?? 'TCP').toLowerCase()}.${name}`).srv;
      if (!locations.some((known) => known.target === target)) locations.push({ port: port.port, target });
    }
  }
}

/** The spec leaves the label of an endpoint without hostname to the implementation: its address with dashes. */
function hostOf(endpoint: V1Endpoint, ip: string): string {
  return endpoint.hostname?.toLowerCase() || ip.replaceAll(/[.:]/g, '-');
}

function addOnce(list: string[], value: string): void {
  if (!list.includes(value)) list.push(value);
}

function addAddress(records: NameRecords, ip: string): void {
  addOnce(ip.includes(':') ? records.aaaa : records.a, ip);
}

/** RFC 1035 3.5; for IPv6 each hexadecimal digit is a label (RFC 3596 2.5). */
function reverseName(ip: string): string {
  if (!ip.includes(':')) return `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
  const digits = (parseIp(ip)?.bits ?? 0n).toString(16).padStart(32, '0');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}

/** The address of a reverse name, if it is inside one of `ranges`. */
export function reverseAddress(name: string, ranges: readonly string[]): string | undefined {
  const address = addressOfReverse(name);
  if (address === undefined) return undefined;
  return ranges.some((each) => isWithin(each, address)) ? address : undefined;
}

function addressOfReverse(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
    return parseIp(address)?.family === 4 ? address : undefined;
  }
  const digits = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1]?.split('.').reverse().join('');
  return digits === undefined ? undefined : formatIp({ family: 6, bits: BigInt(`0x${digits}`) });
}

function isWithin(text: string, address: string): boolean {
  const range = parseCidr(text);
  return range !== undefined && contains(range, address);
}
