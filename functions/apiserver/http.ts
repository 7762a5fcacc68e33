// Requests and responses of the API server as plain values, so that one handler serves node:http2 and Lambda alike.

import type { Duplex } from 'node:stream';
import type { UserInfo } from '../../core/authorization/user-info.ts';
import { getOwn } from '../../core/machinery/own.ts';

/** A client certificate as TLS saw it. */
export interface PeerCertificate {
  /** Whom it stands for while it is good; undefined: nobody, such as when its chain does not end at the authority of clients. */
  readonly user?: UserInfo;
  /** Unix milliseconds. Connections outlive certificates. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ApiRequest {
  /** Upper case. */
  readonly method: string;
  /** As it was sent, percent-encoded, without the query. */
  readonly path: string;
  /** As it was sent, without the question mark; empty without a query. */
  readonly query: string;
  /** By lower-case name; a repeated header is joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Name, value, name, value, ... for headers whose values may hold commas. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** Its bytes once somebody has read it (see readBody). */
  body?: AsyncIterable<Uint8Array> | Uint8Array | undefined;
  /** Its bytes were read off a connection. A function is given them, and may answer a request a second time. */
  received?: boolean | undefined;
  /** Set by the first stage: it takes as long as it takes, and no deadline ends it. */
  longRunning?: boolean | undefined;
  readonly peer?: PeerCertificate | undefined;
  /** DER, of the same certificate, whoever signed it. */
  readonly certificate?: Uint8Array | undefined;
  readonly remoteAddress?: string | undefined;
  /** Aborts when the client has gone. A getter where making one has a price. */
  readonly signal?: AbortSignal | undefined;
}

/** What a route sees of a request: what it asks for stands in the request info that was authorized, and nowhere else. */
export type RoutedRequest = Omit<ApiRequest, 'method' | 'path' | 'query'>;

export interface ApiResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Record<string, string | string[]>;
  /** An iterable is read only as fast as the client takes it, and returned (`return()`) when the client leaves. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** How long an iterable is, where it is no stream of unknown length but a large answer in chunks. */
  readonly bytes?: number;
}

/** The raw connection of an upgrade request, with what was read beyond its headers. */
export interface UpgradeConnection {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** All values of a header, apart. `name` in lower case. */
export function headerValues(request: RoutedRequest, name: string): string[] {
  if (!request.rawHeaders) {
    const joined = getOwn(request.headers, name);
    return joined === undefined ? [] : joined.split(',').map((each) => each.trim());
  }
  const values: string[] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const [key, value] = [request.rawHeaders[i], request.rawHeaders[i + 1]];
    if (key !== undefined && value !== undefined && key.toLowerCase() === name) values.push(value);
  }
  return values;
}

/** Whether the client asks to leave HTTP (WebSocket, SPDY). */
export function isUpgrade(request: RoutedRequest): boolean {
  const connection = request.headers['connection'];
  return request.headers['upgrade'] !== undefined && connection !== undefined && /\bupgrade\b/i.test(connection);
}

/** Whether that is a WebSocket. */
export function isWebSocket(request: RoutedRequest): boolean {
  return /\bwebsocket\b/i.test(request.headers['upgrade'] ?? '');
}
