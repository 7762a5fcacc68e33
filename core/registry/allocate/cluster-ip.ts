// Cluster IPs. An address is taken by an IPAddress object of its name, made in the same commit as the Service: of two writers
// that pick the same address, one has a conflict and picks again (KEP-1880).

import { invalid, invalidValue } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { StatusError } from '../../machinery/status.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Write } from '../../store/store.ts';
import { encodeObject } from '../encode.ts';
import type { Environment } from '../environment.ts';
import { addressAt, type Cidr, canonicalAddress, contains, familyOf, parseCidr } from './cidr.ts';

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
): Promise<{ address: string; write: Write }> {
  const address = wanted ? await checkWanted(env, service, canonicalAddress(wanted)) : await freeAddress(env, family);
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
  return { address, write: { op: 'put', type, name: address, expect: 0, value: encodeObject(object) } };
}

export function releaseClusterIP(address: string): Write {
  return { op: 'delete', type, name: canonicalAddress(address), expect: 'any' };
}

async function checkWanted(env: Environment, { name }: ServiceName, address: string): Promise<string> {
  const cidr = cidrsOf(env).find((each) => contains(each, address));
  const problem = cidr
    ? (await env.store.get(type, address)) && 'provided IP is already allocated'
    : `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${env.serviceCIDRs.join(',')}`;
  if (!problem) return address;
  throw invalid('Service', '', name, [
    invalidValue('spec.clusterIPs', [address], `failed to allocate IP ${address}: ${problem}`),
  ]);
}

async function freeAddress(env: Environment, family: 'IPv4' | 'IPv6'): Promise<string> {
  const cidr = cidrsOf(env).find((each) => each.family === family);
  if (!cidr) throw full(family, 'no service CIDR of this family is configured');
  const taken = env.replicas.peek(type) ?? (await env.replicas.of(type));
  // The first address is the network's; of IPv4 the last is the broadcast's. What was picked lately may not be in the replica
  // yet: a random start makes two writers meet seldom, and the commit finds it when they do.
  const last = cidr.size - (cidr.family === 'IPv4' ? 2n : 1n);
  const reserved = staticBand(last);
  const tries = last < maxTries ? last : maxTries;
  const upper = last - reserved;
  const span = upper > 0n ? upper : last;
  const start = BigInt(Math.floor(env.random.number() * Number(span < 1n << 40n ? span : 1n << 40n)));
  for (let step = 0n; step < tries; step++) {
    // The upper band first: the lower one is for addresses that are asked for by name (KEP-3070).
    const offset = step < upper ? 1n + reserved + ((start + step) % upper) : 1n + (step - upper);
    const address = addressAt(cidr, offset);
    if (!taken.get(address)) return address;
  }
  throw full(family, 'range is full');
}

const maxTries = 65536n;

/** How many addresses dynamic allocation leaves alone while it can. */
function staticBand(size: bigint): bigint {
  if (size <= 16n) return 0n;
  const part = size / 16n;
  return part < 16n ? 16n : part > 256n ? 256n : part;
}

function cidrsOf(env: Environment): Cidr[] {
  return env.serviceCIDRs.flatMap((text) => parseCidr(text) ?? []);
}

function full(family: string, why: string): StatusError {
  return new StatusError(
    'InternalError',
    `Internal error occurred: failed to allocate a serviceIP (${family}): ${why}`,
  );
}
