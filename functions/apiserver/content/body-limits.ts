// How large a request's body may be, by what it is about: known before the first byte of it is read.

import { agentGroup } from '../../../core/node/protocol.ts';
import type { RequestInfo } from '../request-info.ts';

/** As in Kubernetes; etcd's limit there, a promise here. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** A report carries the statuses of all pods of a node; an agent sends 200 at once (agent/control-plane/reporter.ts). */
const maxReportBytes = 8 * 1024 * 1024;

/** Nothing that these are for comes near it. Kubernetes takes 3 MB of them too, and decodes them for whoever has a name. */
const smallBytes = 256 * 1024;
const smallGroups: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io']);
const smallSubresources: ReadonlySet<string> = new Set([
  'binding',
  'eviction',
  'scale',
  'token',
  'join',
  'credentials',
]);

/** A message of a queue has at most 256 KiB, and its JSON escapes at most twice that and some. */
const maxQueueBytes = 1024 * 1024;

export function bodyLimit({ isResource, verb, group, resource, subresource, segments }: RequestInfo): number {
  if (!isResource) return segments[0] === 'queues' ? maxQueueBytes : smallBytes;
  if (group === agentGroup && subresource === 'report') return maxReportBytes;
  if (smallGroups.has(group) || smallSubresources.has(subresource) || resource === 'bindings') return smallBytes;
  return verb === 'delete' || verb === 'deletecollection' ? smallBytes : maxBodyBytes;
}
