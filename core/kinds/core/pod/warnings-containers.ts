// Warnings about containers: variables and ports that hide others, and bytes in parts.

import type { V1Container, V1ContainerPort, V1PodSpec } from '../../../../generated/kubernetes.ts';
import { mayBeFractional, warnOfFractions } from '../../rules/fractional-bytes.ts';

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;

const inBytes = ['memory', 'ephemeral-storage'];

/** Each port is compared with each: of a pod with more, which no person writes, these are reported. */
const mostCompared = 500;

interface PlacedPort {
  readonly list: (typeof lists)[number];
  readonly index: number;
  readonly place: number;
  readonly port: V1ContainerPort;
}

export function warnOfContainers(spec: V1PodSpec, path: string): string[] {
  const warnings: string[] = [];
  const ports: PlacedPort[] = [];
  for (const list of lists)
    spec[list]?.forEach((container, index) => {
      const { resources, env } = container;
      if (resources && (mayBeFractional(resources.limits, inBytes) || mayBeFractional(resources.requests, inBytes)))
        warnings.push(...warnOfResources(resources, `${path}.${list}[${index}].resources`));
      if (env && env.length > 1) warnings.push(...warnOfHidden(env, `${path}.${list}[${index}].env`));
      container.ports?.forEach((port, place) => {
        ports.push({ list, index, place, port });
      });
    });
  return [...warnings, ...warnOfPorts(ports, path)];
}

function warnOfResources({ limits, requests }: NonNullable<V1Container['resources']>, path: string): string[] {
  return [
    ...warnOfFractions(limits, inBytes, `${path}.limits`),
    ...warnOfFractions(requests, inBytes, `${path}.requests`),
  ];
}

/** A name said twice is meant where the second value is made of the first. */
function warnOfHidden(env: NonNullable<V1Container['env']>, path: string): string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const reference = `$(${name})`;
    const extends_ = !valueFrom && value !== reference && value.includes(reference);
    return extends_
      ? []
      : [
          `${path}[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
        ];
  });
}

/** Each port beside those before it, of whatever container: they share one network. */
function warnOfPorts(ports: readonly PlacedPort[], path: string): string[] {
  // As nearly every pod: one port has none to collide with.
  if (ports.length === 0 || (ports.length === 1 && !ports[0]!.port.hostIP)) return [];
  const at = ({ list, index, place }: PlacedPort) => `${path}.${list}[${index}].ports[${place}]`;
  const warnings: string[] = [];
  ports.slice(0, mostCompared).forEach((placed, index) => {
    const { port } = placed;
    if (port.hostIP && !port.hostPort) warnings.push(`${at(placed)}: hostIP set without hostPort: ${described(port)}`);
    for (let before = 0; before < index; before++) {
      const other = ports[before]!;
      const what = collision(port, other.port);
      if (what !== undefined) warnings.push(`${at(placed)}: ${what} port definition with ${at(other)}`);
    }
  });
  if (ports.length > 1) warnings.push(...warnOfPortNames(ports, at));
  return warnings;
}

function warnOfPortNames(ports: readonly PlacedPort[], at: (placed: PlacedPort) => string): string[] {
  const byName = new Map<string, PlacedPort>();
  return ports.flatMap((placed) => {
    const { name } = placed.port;
    if (!name) return [];
    const first = byName.get(name);
    if (first === undefined) {
      byName.set(name, placed);
      return [];
    }
    return [
      `${at(placed)}: duplicate port name ${JSON.stringify(name)} with ${at(first)}, services and probes that select ports by name will use ${at(first)}`,
    ];
  });
}

function collision(port: V1ContainerPort, other: V1ContainerPort): string | undefined {
  if (port.containerPort !== other.containerPort || (port.protocol ?? 'TCP') !== (other.protocol ?? 'TCP'))
    return undefined;
  const [ip, otherIp] = [port.hostIP ?? '', other.hostIP ?? ''];
  const [host, otherHost] = [port.hostPort ?? 0, other.hostPort ?? 0];
  if (ip === otherIp && host === otherHost) return 'duplicate';
  if (host === 0 || otherHost === 0) return 'overlapping';
  return host === otherHost && (ip === '') !== (otherIp === '') ? 'dangerously ambiguous' : undefined;
}

/** As Kubernetes prints a port. */
function described({ name = '', hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' }: V1ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}
