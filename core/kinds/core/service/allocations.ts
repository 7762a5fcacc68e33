// What a Service takes and gives back: its cluster IPs and node ports, as writes of the same commit.

import type { V1Service } from '../../../../generated/kubernetes.ts';
import { canonicalAddress, familyOf } from '../../../machinery/cidr.ts';
import { type FieldError, invalid, invalidValue } from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import type { Write } from '../../../store/store.ts';
import { releaseClusterIP, type ServiceName, takeClusterIP } from '../../allocate/cluster-ip.ts';
import { releaseNodePort, takeNodePort } from '../../allocate/node-port.ts';
import { type ServiceRange, serviceRanges } from '../../allocate/service-ranges.ts';
import type { Situation } from '../../strategy.ts';
import { clusterFamilies, isForAnyEndpoints, otherFamily } from './families.ts';

/** Sets the addresses and ports that `object` is to have, and returns the writes that take and release them. */
export async function allocate({ env }: Situation, object: V1Service, old: V1Service | undefined): Promise<Write[]> {
  if (!object.spec) return [];
  const service: ServiceName = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
  const writes: Write[] = [];
  const before = new Set(addressesOf(old));
  // Asked for once, and only by what needs to know.
  let known: ServiceRange[] | undefined;
  const ranges = async () => {
    known ??= await serviceRanges(env);
    return known;
  };
  const families = familiesFor(env, object, old);
  if (families) object.spec.ipFamilies = families;
  if (families && hasClusterIP(object)) {
    const addresses: string[] = [];
    for (const [index, family] of families.entries()) {
      const wanted = object.spec.clusterIPs?.[index] || (index === 0 ? object.spec.clusterIP : undefined);
      if (wanted && before.has(canonicalAddress(wanted))) {
        addresses.push(canonicalAddress(wanted));
        continue;
      }
      const taken = await takeClusterIP(
        env,
        service,
        wanted || undefined,
        family === 'IPv6' ? 'IPv6' : 'IPv4',
        await ranges(),
      );
      addresses.push(taken.address);
      addWrites(writes, taken.writes);
    }
    object.spec.clusterIPs = addresses;
    object.spec.clusterIP = addresses[0] ?? '';
  }
  const after = new Set(addressesOf(object));
  for (const address of before) if (!after.has(address)) writes.push(releaseClusterIP(address));
  return [...writes, ...(await allocatePorts(env, service, object, old))];
}

/**
 * Those it asks for, which the cluster must have, and with dual stack wished for or demanded the second one. Undefined for what has no
 * addresses, and may say what it likes. What families a cluster has is decided when it is made: where its pods have none of a family,
 * a range of Services alone would lead nowhere.
 */
function familiesFor(
  env: Situation['env'],
  { metadata, spec }: V1Service,
  old: V1Service | undefined,
): string[] | undefined {
  if (!spec || spec.type === 'ExternalName' || isForAnyEndpoints(spec)) return undefined;
  const { ipFamilies: asked = [], ipFamilyPolicy: policy = '' } = spec;
  const before = old?.spec;
  if (before?.ipFamilyPolicy === policy && semanticEqual(before.ipFamilies, asked)) return asked;
  if (policy === 'SingleStack' && asked.length === 1 && asked[0] === 'IPv4') return asked;
  const known = clusterFamilies(env.serviceCIDRs);
  const has = (family: string) => known.some((each) => each === family);
  const errors: FieldError[] = [];
  if (policy === 'RequireDualStack' && !(has('IPv4') && has('IPv6')))
    errors.push(invalidValue('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services'));
  asked.forEach((family, index) => {
    if (!has(family)) errors.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  });
  if (errors.length > 0) throw invalid('Service', '', metadata?.name ?? '', errors);
  const other = otherFamily(asked[0]);
  return policy !== 'SingleStack' && asked.length === 1 && has(other) ? [...asked, other] : asked;
}

/** Two addresses of one range have one condition: a key stands once in a commit. */
function addWrites(writes: Write[], more: readonly Write[]): void {
  for (const each of more)
    if (!writes.some(({ type, name }) => type === each.type && name === each.name)) writes.push(each);
}

export function releaseAll(object: V1Service): Write[] {
  return [...addressesOf(object).map(releaseClusterIP), ...[...portsOf(object)].map(releaseNodePort)];
}

export function hasClusterIP({ spec }: V1Service): boolean {
  return spec?.type !== 'ExternalName' && spec?.clusterIP !== 'None';
}

export function hasNodePorts({ spec }: V1Service): boolean {
  return spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

async function allocatePorts(
  env: Situation['env'],
  service: ServiceName,
  object: V1Service,
  old: V1Service | undefined,
): Promise<Write[]> {
  const writes: Write[] = [];
  const before = portsOf(old);
  const picked = new Set(before);
  const take = async (wanted: number | undefined, path = '') => {
    const taken = await takeNodePort(env, service, wanted ? { port: wanted, path } : undefined, picked);
    picked.add(taken.port);
    writes.push(taken.write);
    return taken.port;
  };
  const spec = object.spec!;
  const serves = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  // Ports that are asked for by number first, so that none of them is picked for another.
  for (const [index, port] of (spec.ports ?? []).entries())
    if (serves && port.nodePort && !picked.has(port.nodePort))
      await take(port.nodePort, `spec.ports[${index}].nodePort`);
  const byNumber = new Map<number, Map<string, number>>();
  for (const port of spec.ports ?? []) {
    if (!hasNodePorts(object) || port.nodePort) continue;
    // One port number under two protocols may share its node port.
    const shared = byNumber.get(port.port);
    const protocol = port.protocol ?? 'TCP';
    const other = shared && !shared.has(protocol) ? [...shared.values()][0] : undefined;
    port.nodePort = other ?? (await take(undefined));
    byNumber.set(port.port, new Map([...(shared ?? []), [protocol, port.nodePort]]));
  }
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
    const wanted = spec.healthCheckNodePort || undefined;
    if (!wanted || !picked.has(wanted)) spec.healthCheckNodePort = await take(wanted, 'spec.healthCheckNodePort');
  }
  const after = portsOf(object);
  for (const port of before) if (!after.has(port)) writes.push(releaseNodePort(port));
  return writes;
}

function addressesOf(object: V1Service | undefined): string[] {
  if (!object?.spec || !hasClusterIP(object)) return [];
  const all = object.spec.clusterIPs?.length ? object.spec.clusterIPs : [object.spec.clusterIP ?? ''];
  return all.filter((each) => familyOf(each) !== undefined).map(canonicalAddress);
}

function portsOf(object: V1Service | undefined): Set<number> {
  const ports = new Set<number>();
  for (const { nodePort } of object?.spec?.ports ?? []) if (nodePort) ports.add(nodePort);
  if (object?.spec?.healthCheckNodePort) ports.add(object.spec.healthCheckNodePort);
  return ports;
}
