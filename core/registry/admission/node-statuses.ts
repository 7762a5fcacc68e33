// What a node may say in the statuses that it writes, its own and its pods'. The API takes more from others; but a node may be anybody's
// who took it over, and what it says is read by the scheduler, by controllers and by other nodes.

import type { V1ContainerStatus, V1Node, V1Pod } from '../../../generated/kubernetes.ts';
import { type Cidr, contains, parseCidr } from '../../machinery/cidr.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  tooMany,
} from '../../machinery/field-error.ts';
import { formatIp, parseIp } from '../../machinery/ip.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';
import { parseQuantity, quantityError } from '../../machinery/quantity.ts';
import { treeFault } from '../../machinery/read-values.ts';
import { semanticEqual } from '../../machinery/semantic-equal.ts';
import { nodeStatusLimits, podStatusLimits } from '../../node/read-report.ts';

/** `node`: the Node as it is stored, where its pods' addresses are to be compared with it. */
export function podStatusErrors(pod: V1Pod, old: V1Pod, node: V1Node | undefined): FieldError[] {
  const { spec, status = {} } = pod;
  const before = old.status ?? {};
  const size = treeFault(status, podStatusLimits);
  if (size !== undefined) return [invalidValue('status', '<status>', size)];
  const errors: FieldError[] = [];
  const { phase } = status;
  if (phase && !phases.includes(phase)) errors.push(notSupported('status.phase', phase, phases));
  if (before.phase && ended.has(before.phase) && phase !== before.phase)
    errors.push(forbiddenField('status.phase', `a pod that is ${before.phase} stays so`));
  for (const field of ofOthers)
    if (!semanticEqual(status[field], before[field]))
      errors.push(forbiddenField(`status.${field}`, 'is not for nodes to set'));
  errors.push(...conditionErrors(status.conditions, before.conditions));
  const lists = [
    ['containerStatuses', spec?.containers],
    ['initContainerStatuses', spec?.initContainers],
    ['ephemeralContainerStatuses', spec?.ephemeralContainers],
  ] as const;
  for (const [field, containers = []] of lists)
    errors.push(...containerErrors(status[field], new Set(containers.map(({ name }) => name)), `status.${field}`));
  if (!semanticEqual(status.podIPs, before.podIPs)) errors.push(...podIpErrors(pod, node));
  if (!semanticEqual(status.hostIPs, before.hostIPs) && node)
    status.hostIPs?.forEach(({ ip }, index) => {
      if (!isOfNode(node, ip))
        errors.push(invalidValue(`status.hostIPs[${index}].ip`, ip, 'is no address of the node'));
    });
  return errors;
}

export function podAddressesChanged({ status }: V1Pod, old: V1Pod): boolean {
  return !semanticEqual(status?.podIPs, old.status?.podIPs) || !semanticEqual(status?.hostIPs, old.status?.hostIPs);
}

export function nodeStatusErrors({ status = {} }: V1Node, old: V1Node | undefined): FieldError[] {
  const before = old?.status ?? {};
  const size = treeFault(status, nodeStatusLimits);
  if (size !== undefined) return [invalidValue('status', '<status>', size)];
  const errors = conditionErrors(status.conditions, before.conditions);
  if (!semanticEqual(status.volumesAttached, before.volumesAttached))
    errors.push(forbiddenField('status.volumesAttached', 'is not for nodes to set'));
  if (!semanticEqual(status.addresses, before.addresses)) errors.push(...addressErrors(status.addresses));
  for (const field of ['capacity', 'allocatable'] as const)
    if (!semanticEqual(status[field], before[field])) errors.push(...amountErrors(status[field], `status.${field}`));
  for (const [index, { sizeBytes = 0 }] of (status.images ?? []).entries())
    if (sizeBytes < 0)
      errors.push(invalidValue(`status.images[${index}].sizeBytes`, sizeBytes, 'must be greater than or equal to 0'));
  const port = status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  if (!(port >= 0 && port <= 65_535))
    errors.push(invalidValue('status.daemonEndpoints.kubeletEndpoint.Port', port, 'must be between 0 and 65535'));
  return errors;
}

const phases = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];
const ended = new Set(['Succeeded', 'Failed']);
/** What the API server, the scheduler and controllers write. */
const ofOthers = ['qosClass', 'nominatedNodeName', 'resourceClaimStatuses', 'extendedResourceClaimStatus'] as const;

const maxConditions = 100;
const conditionStatuses = ['True', 'False', 'Unknown'];

type Conditions = NonNullable<V1Pod['status']>['conditions'] | NonNullable<V1Node['status']>['conditions'];

/** A condition that others set and the node keeps as it is is theirs. */
function conditionErrors(conditions: Conditions = [], before: Conditions = []): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  if (conditions.length > maxConditions) errors.push(tooMany('status.conditions', conditions.length, maxConditions));
  conditions.forEach((condition, index) => {
    const path = `status.conditions[${index}]`;
    const { type, status, reason = '' } = condition;
    if (seen.has(type)) errors.push(duplicate(`${path}.type`, type));
    seen.add(type);
    if (before.some((each) => semanticEqual(each, condition))) return;
    for (const why of qualifiedNameErrors(type)) errors.push(invalidValue(`${path}.type`, type, why));
    if (!conditionStatuses.includes(status)) errors.push(notSupported(`${path}.status`, status, conditionStatuses));
    if (reason.length > 1024) errors.push(invalidValue(`${path}.reason`, '<reason>', 'has at most 1024 characters'));
  });
  return errors;
}

function containerErrors(
  statuses: readonly V1ContainerStatus[] = [],
  names: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  statuses.forEach(({ name, restartCount }, index) => {
    if (!names.has(name)) errors.push(notFoundField(`${path}[${index}].name`, name));
    else if (seen.has(name)) errors.push(duplicate(`${path}[${index}].name`, name));
    seen.add(name);
    if (restartCount < 0)
      errors.push(invalidValue(`${path}[${index}].restartCount`, restartCount, 'must be greater than or equal to 0'));
  });
  return errors;
}

/** Services and proxies lead to these addresses: a node speaks for its own range, a pod on its network for its own addresses. */
function podIpErrors({ spec, status }: V1Pod, node: V1Node | undefined): FieldError[] {
  const ranges = node?.spec?.podCIDRs ?? (node?.spec?.podCIDR ? [node.spec.podCIDR] : []);
  return (status?.podIPs ?? []).flatMap(({ ip = '' }, index) => {
    const parsed = parseIp(ip);
    const path = `status.podIPs[${index}].ip`;
    // What is no address is told by the pod's own rules.
    if (!parsed) return [];
    if (spec?.hostNetwork)
      return node && !isOfNode(node, ip) ? [invalidValue(path, ip, 'is no address of the node')] : [];
    if (cidrs(...ranges).some((range) => contains(range, ip))) return [];
    if (ranges.length > 0)
      return [invalidValue(path, ip, `is not in the node's range of pod addresses (${ranges.join(', ')})`)];
    return isSpecial(ip) ? [invalidValue(path, ip, 'is no address that a pod can have')] : [];
  });
}

function isOfNode({ status }: V1Node, ip: string): boolean {
  const asked = canonical(ip);
  return (status?.addresses ?? []).some(({ address }) => canonical(address) === asked);
}

function canonical(ip: string): string {
  const parsed = parseIp(ip);
  return parsed ? formatIp(parsed) : ip;
}

/** Addresses of no machine, of this machine, of the link, and of groups. */
const specialRanges = cidrs(
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'],
  ...['::/127', '::ffff:0:0/96', 'fe80::/10', 'ff00::/8'],
);

function isSpecial(ip: string): boolean {
  return specialRanges.some((range) => contains(range, ip));
}

function cidrs(...texts: readonly string[]): Cidr[] {
  return texts.flatMap((text) => parseCidr(text) ?? []);
}

const addressTypes = ['Hostname', 'InternalIP', 'ExternalIP', 'InternalDNS', 'ExternalDNS'];
const maxAddresses = 64;

function addressErrors(addresses: NonNullable<V1Node['status']>['addresses'] = []): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  if (addresses.length > maxAddresses) errors.push(tooMany('status.addresses', addresses.length, maxAddresses));
  addresses.forEach(({ type, address }, index) => {
    const path = `status.addresses[${index}]`;
    if (seen.has(`${type} ${address}`)) errors.push(duplicate(path, { type, address }));
    seen.add(`${type} ${address}`);
    if (!addressTypes.includes(type)) errors.push(notSupported(`${path}.type`, type, addressTypes));
    else if (type === 'InternalIP' || type === 'ExternalIP') {
      if (!parseIp(address)) errors.push(invalidValue(`${path}.address`, address, 'must be a valid IP address'));
      else if (isSpecial(address))
        errors.push(invalidValue(`${path}.address`, address, 'is no address that a node can be reached by'));
    } else if (!/^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$/.test(address))
      errors.push(invalidValue(`${path}.address`, address, 'must be a host name'));
  });
  return errors;
}

const maxResources = 200;

function amountErrors(amounts: Readonly<Record<string, unknown>> = {}, path: string): FieldError[] {
  const entries = Object.entries(amounts);
  if (entries.length > maxResources) return [tooMany(path, entries.length, maxResources)];
  return entries.flatMap(([name, value]) => {
    const field = `${path}[${name}]`;
    const names = qualifiedNameErrors(name).map((why) => invalidValue(field, name, why));
    if (names.length > 0) return names;
    const why = quantityError(value);
    if (why !== undefined) return [invalidValue(field, value, why)];
    return parseQuantity(String(value)).nanos < 0n
      ? [invalidValue(field, value, 'must be greater than or equal to 0')]
      : [];
  });
}
