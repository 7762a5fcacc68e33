// What lets an edge hear that a type's log has moved: the API server gives it to whoever was just allowed to watch that type, and the
// channel takes it, without asking who they are. It says where to look and opens nothing.

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { fromBase64Url, textFromBase64Url } from '../machinery/base64.ts';
import { jsonObject } from '../machinery/json.ts';
import { getOwn } from '../machinery/own.ts';
import type { TypeName } from '../store/store.ts';

export interface Ticket {
  readonly type: TypeName;
  /** Unix seconds. */
  readonly until: number;
}

/** Of an answer to a watch that follows: the ticket, and the URL of the channel that takes it. */
export const ticketHeader = 'zeroplane-ticket';
export const channelHeader = 'zeroplane-channel';

/** Longer than an edge waits between two looks. */
export const ticketSeconds = 3600;

/** A key of its own, from the one that signs the cluster's tokens: a ticket is no token, nor a token a ticket. */
export function ticketKey(signingKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', signingKey, '', 'zeroplane channel tickets v1', 32));
}

export function sealTicket(ticket: Ticket, key: Buffer): string {
  const said = Buffer.from(JSON.stringify([ticket.type, ticket.until])).toString('base64url');
  return `${said}.${macOf(said, key).toString('base64url')}`;
}

/** undefined: it is none of ours, or over. */
export function openTicket(text: string, key: Buffer, nowMs: number): Ticket | undefined {
  const [said = '', mac = '', ...more] = text.split('.', 3);
  const given = fromBase64Url(mac);
  if (more.length > 0 || given?.length !== 32 || !timingSafeEqual(given, macOf(said, key))) return undefined;
  const ticket = readTicket(text);
  return ticket && ticket.until * 1000 > nowMs ? ticket : undefined;
}

/** What it says, whoever made it. */
export function readTicket(text: string): Ticket | undefined {
  if (text.length > 1024) return undefined;
  const value = jsonObject(textFromBase64Url(text.split('.', 1)[0] ?? '') ?? '');
  if (!Array.isArray(value)) return undefined;
  const [type, until]: unknown[] = value;
  return typeof type === 'string' && typeof until === 'number' ? { type, until } : undefined;
}

function macOf(said: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(said).digest();
}

/** What an edge says on the channel: all that it wants to hear of from now on. It is answered by the heads of those. */
export interface Wish {
  readonly tickets: readonly string[];
}

/** What the channel says: types whose logs reach up to these revisions. It may be lost, doubled, late or out of order (D2). */
export type Heads = ReadonlyMap<TypeName, number>;

/** A frame has 32 KB, and this many tickets fit. */
export const mostTickets = 100;

/** undefined: what was said is no wish. */
export function readWish(text: string): Wish | undefined {
  const tickets = getOwn(jsonObject(text), 'tickets');
  if (!Array.isArray(tickets) || tickets.length > mostTickets) return undefined;
  const texts: unknown[] = tickets;
  return texts.every((each) => typeof each === 'string') ? { tickets: texts } : undefined;
}

export function headsText(heads: Heads): string {
  return JSON.stringify({ heads: [...heads] });
}

/** Empty for whatever else was said. */
export function readHeads(text: string): Heads {
  const heads = new Map<TypeName, number>();
  const said = getOwn(jsonObject(text), 'heads');
  if (!Array.isArray(said)) return heads;
  for (const each of said.slice(0, 1000)) {
    if (!Array.isArray(each)) continue;
    const [type, revision]: unknown[] = each;
    if (typeof type === 'string' && typeof revision === 'number' && Number.isSafeInteger(revision))
      heads.set(type, revision);
  }
  return heads;
}
