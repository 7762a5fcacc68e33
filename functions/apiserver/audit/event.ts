// The form in which a request is written down: audit.k8s.io/v1 Event. Pure.

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import type { Status } from '../../../core/machinery/status.ts';
import { type ApiRequest, headerValues } from '../http.ts';
import type { RequestInfo } from '../request-info.ts';
import type { AuditLevel, AuditStage } from './policy.ts';

export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: AuditLevel;
  readonly auditID: string;
  readonly stage: AuditStage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: UserInfo | Record<string, never>;
  readonly impersonatedUser?: UserInfo;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: ObjectReference;
  readonly responseStatus?: Partial<Status>;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  /** With microseconds (metav1.MicroTime). */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ObjectReference {
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly apiGroup?: string;
  readonly apiVersion: string;
  readonly resourceVersion?: string;
  readonly subresource?: string;
}

/** `object`: the request's or response's, where it was read; it tells what the URL of a create does not. */
export function objectReference(info: RequestInfo, object?: unknown): ObjectReference | undefined {
  if (!info.isResource) return undefined;
  const known = metadataOf(object);
  const name = info.name || known['name'];
  return {
    resource: info.resource,
    ...(info.namespace !== '' && { namespace: info.namespace }),
    ...(name && { name }),
    ...(known['uid'] && { uid: known['uid'] }),
    ...(info.group !== '' && { apiGroup: info.group }),
    apiVersion: info.version,
    ...(known['resourceVersion'] && { resourceVersion: known['resourceVersion'] }),
    ...(info.subresource !== '' && { subresource: info.subresource }),
  };
}

function metadataOf(object: unknown): Record<string, string | undefined> {
  if (typeof object !== 'object' || object === null || !('metadata' in object)) return {};
  const { metadata } = object;
  if (typeof metadata !== 'object' || metadata === null) return {};
  const texts = Object.entries(metadata).filter((each): each is [string, string] => typeof each[1] === 'string');
  return Object.fromEntries(texts);
}

/** The client first, then the proxies that it came through, as far as they say so. */
export function sourceIPs(request: ApiRequest): string[] {
  const forwarded = headerValues(request, 'x-forwarded-for');
  const real = request.headers['x-real-ip'];
  const found = [...forwarded, ...(real !== undefined && !forwarded.includes(real) ? [real] : [])];
  const remote = request.remoteAddress?.replace(/^::ffff:/, '');
  if (remote !== undefined && found.at(-1) !== remote) found.push(remote);
  return found.filter((each) => each !== '');
}

/** The same object without what fields are managed by whom, in it and in the items of a list. */
export function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // as: neither null nor an array.
  const object = { ...(value as Record<string, unknown>) };
  const { metadata, items } = object;
  if (typeof metadata === 'object' && metadata !== null && 'managedFields' in metadata) {
    const { managedFields: _, ...kept } = metadata;
    object['metadata'] = kept;
  }
  if (Array.isArray(items)) object['items'] = items.map(withoutManagedFields);
  return object;
}

/** Clients may name their request; what cannot stand in a header is not taken. */
export function auditIDOf(request: ApiRequest, make: () => string): string {
  const given = request.headers['audit-id'];
  return given !== undefined && /^[\x21-\x7e]{1,64}$/.test(given) ? given : make();
}

export function microTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const micros = Math.floor((milliseconds - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}
