// What sends a watch from the function that found out who may to the one that follows the log for it: the request as it was authorized, in the
// path of a redirect. It is good for a moment, and with the credentials alone that the request came with.

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { fromBase64Url, textFromBase64Url } from '../../../core/machinery/base64.ts';
import { jsonObject } from '../../../core/machinery/json.ts';
import type { AuditTrail } from '../audit/audit.ts';

export interface WatchTicket {
  readonly path: string;
  readonly query: string;
  readonly username: string;
  /** Unix seconds. */
  readonly until: number;
  /** Where the request is written down: so is how its watch goes on. */
  readonly trail?: AuditTrail;
}

/** What infra/routes.ts routes to the function. */
export const watchPath = '/watch/';

/** API Gateway takes no longer lines. */
const longest = 6 * 1024;

export function watchTicketKey(signingKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', signingKey, '', 'zeroplane watch tickets v1', 32));
}

/** undefined: it would be too long for a path. */
export function sealWatch(
  { path, query, username, until, trail }: WatchTicket,
  authorization: string,
  key: Buffer,
): string | undefined {
  const said = Buffer.from(JSON.stringify([path, query, username, until, trail])).toString('base64url');
  const text = `${said}.${macOf(said, authorization, key).toString('base64url')}`;
  return text.length > longest ? undefined : text;
}

/** undefined: it is none of ours, was given to other credentials, or is over. */
export function openWatch(text: string, authorization: string, key: Buffer, nowMs: number): WatchTicket | undefined {
  if (text.length > longest) return undefined;
  const [said = '', mac = '', ...more] = text.split('.', 3);
  const given = fromBase64Url(mac);
  if (more.length > 0 || given?.length !== 32 || !timingSafeEqual(given, macOf(said, authorization, key)))
    return undefined;
  const value = jsonObject(textFromBase64Url(said) ?? '');
  if (!Array.isArray(value)) return undefined;
  const [path, query, username, until, trail]: unknown[] = value;
  if (typeof path !== 'string' || typeof query !== 'string' || typeof username !== 'string') return undefined;
  if (typeof until !== 'number' || until * 1000 <= nowMs) return undefined;
  // as: nobody else could have sealed it.
  return { path, query, username, until, ...(trail ? { trail: trail as AuditTrail } : {}) };
}

function macOf(said: string, authorization: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(`${said}\n${authorization}`).digest();
}
