// Which requests are watches that can share a follow, and what they must have in common for it. Whatever is read here in another way
// than the API server would only costs: a request that is taken for no watch is passed on as it is.

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { readRevision } from '../core/edge/follow.ts';
import { setOwn } from '../core/machinery/own.ts';

export interface WatchRequest {
  /** Path, query, media type and credentials: watches with the same key see the same events. */
  readonly key: string;
  /** Of the credentials alone. */
  readonly holder: string;
  /** `group/resource`; `/pods` in the core group. */
  readonly resource: string;
  /** What a follow of it asks, without a revision. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** All that a follow sends: what is shared is what these headers got, and so nobody's who did not send them. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** The revision after which it wants events, and nothing before them. */
  readonly after: number | undefined;
  readonly timeoutSeconds: number | undefined;
}

/** Parameters that say where a watch begins and ends, not what it sees. */
const placing = ['resourceVersion', 'resourceVersionMatch', 'sendInitialEvents', 'timeoutSeconds', 'limit', 'continue'];

/** undefined: it is passed on as it is. */
export function readWatch(method: string, target: string, headers: IncomingHttpHeaders): WatchRequest | undefined {
  if (method !== 'GET' || headers.upgrade !== undefined) return undefined;
  const at = target.indexOf('?');
  if (at < 0) return undefined;
  const path = target.slice(0, at);
  const resource = resourceOf(path);
  const query = new URLSearchParams(target.slice(at + 1));
  const watch = query.get('watch');
  if (resource === undefined || !resource.collection || watch === null || !isTrue(watch)) return undefined;
  // Of a parameter that is given twice, who reads it decides which one counts.
  if (new Set(query.keys()).size < query.size) return undefined;
  const shared = new URLSearchParams([...query].filter(([name]) => !placing.includes(name)).sort(byName));
  const credentials = Object.entries(headers)
    .filter(([name]) => name === 'authorization' || name.startsWith('impersonate-'))
    .sort(byName);
  const sent: Record<string, string | string[]> = {};
  for (const [name, value] of [...credentials, ['accept', headers.accept] as const])
    if (value !== undefined) setOwn(sent, name, value);
  const begins = query.get('resourceVersion') ?? '';
  const placed = query.has('sendInitialEvents') || query.has('resourceVersionMatch') || begins === '0';
  return {
    key: hashOf([path, shared.toString(), Object.entries(sent)]),
    holder: hashOf(credentials),
    resource: resource.name,
    path,
    query: shared,
    headers: sent,
    after: placed ? undefined : readRevision(begins),
    timeoutSeconds: readRevision(query.get('timeoutSeconds') ?? ''),
  };
}

/** `group/resource` that a write changes; undefined where that cannot be read of its path. */
export function writtenResource(method: string, target: string): string | undefined {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return undefined;
  return resourceOf(target.split('?', 1)[0] ?? '')?.name;
}

/** Only plain paths: no escapes, no empty segments, and no verb in them. */
function resourceOf(path: string): { readonly name: string; readonly collection: boolean } | undefined {
  if (!/^\/apis?(?:\/[A-Za-z0-9._:-]+)+$/.test(path)) return undefined;
  const [, root, ...rest] = path.split('/');
  const group = root === 'apis' ? (rest.shift() ?? '') : '';
  const [, ...below] = rest;
  if (below[0] === 'watch' || below[0] === 'proxy') return undefined;
  const inNamespace = below[0] === 'namespaces' && below.length > 2 && below[2] !== 'status' && below[2] !== 'finalize';
  const [resource, name] = inNamespace ? below.slice(2) : below;
  return resource === undefined ? undefined : { name: `${group}/${resource}`, collection: name === undefined };
}

/** As the API server reads a parameter of type bool. */
function isTrue(value: string): boolean {
  return value !== '0' && value.toLowerCase() !== 'false';
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}
