// Node ports. A port is taken by an item of its number, made in the same commit as the Service.

import { invalid, invalidValue } from '../../machinery/field-error.ts';
import { StatusError } from '../../machinery/status.ts';
import { ownType } from '../../store/own-types.ts';
import type { Write } from '../../store/store.ts';
import type { Environment } from '../environment.ts';
import type { ServiceName } from './cluster-ip.ts';

/** Not a served resource: only the allocator reads it. */
export const nodePortsType = ownType('nodeports');
const type = nodePortsType;

/** Takes `wanted`, which stands at `path`, or a free port that is not among `picked`. */
export async function takeNodePort(
  env: Environment,
  service: ServiceName,
  wanted: { readonly port: number; readonly path: string } | undefined,
  picked: ReadonlySet<number>,
): Promise<{ port: number; write: Write }> {
  const port = wanted?.port ?? (await freePort(env, picked));
  if (wanted) await checkWanted(env, service, wanted);
  const bytes = Buffer.from(JSON.stringify({ service: `${service.namespace}/${service.name}` }));
  return { port, write: { op: 'put', type, name: String(port), expect: 0, value: { bytes } } };
}

export function releaseNodePort(port: number): Write {
  return { op: 'delete', type, name: String(port), expect: 'any' };
}

async function checkWanted(
  env: Environment,
  { name }: ServiceName,
  { port, path }: { readonly port: number; readonly path: string },
): Promise<void> {
  const [first, last] = env.nodePortRange;
  const problem =
    port < first || port > last
      ? `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
      : (await env.store.get(type, String(port))) && 'provided port is already allocated';
  if (problem) throw invalid('Service', '', name, [invalidValue(path, port, problem)]);
}

async function freePort(env: Environment, picked: ReadonlySet<number>): Promise<number> {
  const taken = env.replicas.peek(type) ?? (await env.replicas.of(type));
  const [first, last] = env.nodePortRange;
  const count = last - first + 1;
  const start = Math.floor(env.random.number() * count);
  for (let step = 0; step < count; step++) {
    const port = first + ((start + step) % count);
    if (!picked.has(port) && !taken.get(String(port))) return port;
  }
  throw new StatusError('InternalError', 'Internal error occurred: failed to allocate a nodePort: range is full');
}
