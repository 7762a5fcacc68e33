// UDP has no end of a connection: a flow that conntrack remembers keeps going to an endpoint that is gone, or past a Service that
// has its first endpoint by now. Which flows must be forgotten, as arguments of `conntrack -D`. TCP flows are kept: a pod that
// terminates finishes what it began.

import type { Family } from '../nft/family.ts';
import type { ServicePort } from './service-port.ts';

/** Argument lists for conntrack(8). All ports are of one family. */
export function staleFlows(
  before: readonly ServicePort[],
  after: readonly ServicePort[],
  family: Family['flows'] = 'ipv4',
): string[][] {
  const flows: string[][] = [];
  const now = new Map(after.map((port) => [port.id, port]));
  const then = new Map(before.map((port) => [port.id, port]));

  for (const old of before) {
    if (old.protocol !== 'udp') continue;
    const kept = endpointsOf(now.get(old.id));
    for (const endpoint of endpointsOf(old)) {
      if (!kept.has(endpoint)) flows.push(...entrances(old).map((entrance) => [...entrance, '--dst-nat', endpoint]));
    }
  }
  for (const port of after) {
    if (port.protocol !== 'udp' || endpointsOf(port).size === 0) continue;
    const old = then.get(port.id);
    const known = new Set(old === undefined || endpointsOf(old).size === 0 ? [] : entrances(old).map(String));
    flows.push(...entrances(port).filter((entrance) => !known.has(String(entrance))));
  }
  return flows.map((flow) => ['-D', '-f', family, '-p', 'udp', ...flow]);
}

function endpointsOf(port: ServicePort | undefined): Set<string> {
  return new Set([...(port?.cluster ?? []), ...(port?.local ?? [])].map((endpoint) => endpoint.ip));
}

/** Where clients address the port. */
function entrances(port: ServicePort): string[][] {
  return [
    ...[port.clusterIP, ...port.externalIPs].map((ip) => ['--orig-dst', ip, '--orig-port-dst', String(port.port)]),
    ...(port.nodePort === undefined ? [] : [['--orig-port-dst', String(port.nodePort)]]),
  ];
}
