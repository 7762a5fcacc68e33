// How the two ends of a stream meet on the channel. The API server, which has allowed the stream, gives each end a ticket; an end that joins
// with it gets a new one, and the address of the other end once that one has come. An address lets one connection say something to one
// other, and nothing else: so the channel needs to look nothing up for what it passes on.

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { fromBase64Url, textFromBase64Url } from '../../machinery/base64.ts';
import { jsonObject } from '../../machinery/json.ts';
import { getOwn } from '../../machinery/own.ts';
import type { StreamEnd } from '../../store/stream-ends.ts';

export interface StreamTicket {
  readonly stream: string;
  readonly end: StreamEnd;
  /** Unix seconds. */
  readonly until: number;
}

export interface StreamAddress {
  /** Whose it is, and whose connection it leads to. */
  readonly from: string;
  readonly to: string;
  /** Unix seconds. */
  readonly until: number;
}

/** Until an end comes. */
export const firstTicketSeconds = 60;
/** As long as tickets and addresses last that a join is answered with. */
export const joinedSeconds = 600;

/** A key of its own, from the one that signs the cluster's tokens. */
export function streamKey(signingKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', signingKey, '', 'zeroplane channel streams v1', 32));
}

export function sealStreamTicket({ stream, end, until }: StreamTicket, key: Buffer): string {
  return seal(['ticket', stream, end, until], key);
}

/** undefined: it is none of ours, or over. */
export function openStreamTicket(text: string, key: Buffer, nowMs: number): StreamTicket | undefined {
  const [kind, stream, end, until] = open(text, key);
  if (kind !== 'ticket' || typeof stream !== 'string' || (end !== 'client' && end !== 'node')) return undefined;
  return typeof until === 'number' && until * 1000 > nowMs ? { stream, end, until } : undefined;
}

export function sealAddress({ from, to, until }: StreamAddress, key: Buffer): string {
  return seal(['address', from, to, until], key);
}

/** The connection that it leads to; undefined: it is none of ours, over, or another connection's. */
export function openAddress(text: string, from: string, key: Buffer, nowMs: number): string | undefined {
  const [kind, whose, to, until] = open(text, key);
  if (kind !== 'address' || whose !== from || typeof to !== 'string') return undefined;
  return typeof until === 'number' && until * 1000 > nowMs ? to : undefined;
}

function seal(value: readonly unknown[], key: Buffer): string {
  const said = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${said}.${macOf(said, key).toString('base64url')}`;
}

function open(text: string, key: Buffer): readonly unknown[] {
  if (text.length > 1024) return [];
  const [said = '', mac = '', ...more] = text.split('.', 3);
  const given = fromBase64Url(mac);
  if (more.length > 0 || given?.length !== 32 || !timingSafeEqual(given, macOf(said, key))) return [];
  const value = jsonObject(textFromBase64Url(said) ?? '');
  return Array.isArray(value) ? value : [];
}

function macOf(said: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(said).digest();
}

/** What an end says on the channel. `writer`: a name that no other has; the first that comes is the end from then on. */
export type StreamWord =
  | { readonly join: string; readonly writer: string }
  | { readonly to: string; readonly data: string };

/** What an end hears. */
export interface StreamNews {
  /** It is an end, and this lets it join again. */
  readonly ticket?: string;
  /** It is not, and never will be. */
  readonly refused?: boolean;
  /** The address of the other end. */
  readonly peer?: string;
  /** The other end's connection is gone. */
  readonly gone?: boolean;
  /** What the other end says. */
  readonly data?: string;
}

const longestFrame = 32 * 1024;

/** undefined: what was said is neither. */
export function readStreamWord(text: string): StreamWord | undefined {
  if (text.length > longestFrame) return undefined;
  const said = jsonObject(text);
  const [join, writer, to, data] = (['join', 'writer', 'to', 'data'] as const).map((name) => getOwn(said, name));
  if (typeof join === 'string' && typeof writer === 'string' && /^[\w-]{1,64}$/.test(writer)) return { join, writer };
  return typeof to === 'string' && typeof data === 'string' ? { to, data } : undefined;
}

/** Empty for whatever else was said. */
export function readStreamNews(text: string): StreamNews {
  const said = jsonObject(text);
  const textOf = (name: string) => {
    const found = getOwn(said, name);
    return typeof found === 'string' ? found : undefined;
  };
  const [ticket, peer, data] = [textOf('ticket'), textOf('peer'), textOf('data')];
  return {
    ...(ticket !== undefined && { ticket }),
    ...(peer !== undefined && { peer }),
    ...(data !== undefined && { data }),
    ...(getOwn(said, 'refused') === true && { refused: true }),
    ...(getOwn(said, 'gone') === true && { gone: true }),
  };
}
