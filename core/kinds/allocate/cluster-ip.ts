// Cluster IPs. An address is taken by an IPAddress object of its name, made in the same commit as the Service: of two writers
// that pick the same address, one has a conflict and picks again (KEP-1880).

import { addressAt, type Cidr, canonicalAddress, contains, familyOf } from '../../machinery/cidr.ts';
import { invalid, invalidValue } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { StatusError } from '../../machinery/status.ts';
import { formatTime } from '../../machinery/time.ts';
import { encodeObject } from '../../store/encode-object.ts';
import type { Write } from '../../store/store.ts';
import type { Environment } from '../environment.ts';
import type { ServiceRange } from './service-ranges.ts';

const type = 'networking.k8s.io/ipaddresses';

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Takes `wanted`, or a free address of the family. */
export async function takeClusterIP(
  env: Environment,
  service: ServiceName,
  wanted: string | undefined,
  family: 'IPv4' | 'IPv6',
  ranges: readonly ServiceRange[],
): Promise<{ address: string; writes: Write[] }> {
  const { address, range } = wanted
    ? await checkWanted(env, service, canonicalAddress(wanted), ranges)
    : await freeAddress(env, family, ranges);
  const object: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: address,
      uid: env.random.uuid(),
      creationTimestamp: formatTime(env.clock()),
      generation: 1,
      labels: {
        'ipaddress.kubernetes.io/ip-family': familyOf(address) ?? 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { group: '', resource: 'services', ...service } },
  };
  const write: Write = { op: 'put', type, name: address, expect: 0, value: encodeObject(object) };
  return { address, writes: range.check ? [write, range.check] : [write] };
}

export function releaseClusterIP(address: string): Write {
  return { op: 'delete', type, name: canonicalAddress(address), expect: 'any' };
}

interface Found {
  readonly address: string;
  readonly range: ServiceRange;
}

async function checkWanted(
  env: Environment,
  { name }: ServiceName,
  address: string,
  ranges: readonly ServiceRange[],
): Promise<Found> {
  const range = ranges.find(({ cidr }) => contains(cidr, address));
  const taken = range && (await env.store.get(type, address));
  if (range && !taken) return { address, range };
  const valid = ranges.map(({ cidr }) => cidr.text).join(',');
  const problem = taken
    ? 'provided IP is already allocated'
    : `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${valid}`;
  throw invalid('Service', '', name, [
    invalidValue('spec.clusterIPs', [address], `failed to allocate IP ${address}: ${problem}`),
  ]);
}

async function freeAddress(env: Environment, family: 'IPv4' | 'IPv6', ranges: readonly ServiceRange[]): Promise<Found> {
  const own = ranges.filter(({ cidr }) => cidr.family === family);
  if (own.length === 0) throw full(family, 'no service CIDR of this family is ready');
  const replica = env.replicas.peek(type) ?? (await env.replicas.of(type));
  const isTaken = (address: string) => replica.get(address) !== undefined;
  for (const range of own) {
    const address = freeIn(range.cidr, isTaken, () => env.random.number());
    if (address !== undefined) return { address, range };
  }
  throw full(family, 'range is full');
}

function freeIn(cidr: Cidr, isTaken: (address: string) => boolean, random: () => number): string | undefined {
  // The first address is the network's; of IPv4 the last is the broadcast's. What was picked lately may not be in the replica
  // yet: a random start makes two writers meet seldom, and the commit finds it when they do.
  const last = cidr.size - (cidr.family === 'IPv4' ? 2n : 1n);
  const reserved = staticBand(last);
  const tries = last < maxTries ? last : maxTries;
  const upper = last - reserved;
  const span = upper > 0n ? upper : last;
  const start = BigInt(Math.floor(random() * Number(span < 1n << 40n ? span : 1n << 40n)));
  for (let step = 0n; step < tries; step++) {
    // The upper band first: the lower one is for addresses that are asked for by name (KEP-3070).
    const offset = step < upper ? 1n + reserved + ((start + step) % upper) : 1n + (step - upper);
    const address = addressAt(cidr, offset);
    if (!isTaken(address)) return address;
  }
  return undefined;
}

const maxTries = 65536n;

/** How many addresses dynamic allocation leaves alone while it can. */
function staticBand(size: bigint): bigint {
  if (size <= 16n) return 0n;
  const part = size / 16n;
  return part < 16n ? 16n : part > 256n ? 256n : part;
}

function full(family: string, why: string): StatusError {
  return new StatusError(
    'InternalError',
    `Internal error occurred: failed to allocate a serviceIP (${family}): ${why}`,
  );
}
