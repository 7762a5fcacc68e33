// API Gateway's proxy events (REST APIs, payload of Lambda proxy integrations) as requests of the API server.
// Source: API Gateway developer guide, "Lambda proxy integrations in API Gateway", input format.

import { getOwn, setOwn } from '../../../core/machinery/own.ts';
import type { ApiRequest } from '../http.ts';

/** What is read of a proxy event. */
export interface GatewayEvent {
  readonly httpMethod: string;
  /** Without the stage. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> | null;
  /** Decoded. */
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: {
    readonly requestId?: string;
    readonly identity?: { readonly sourceIp?: string };
  };
}

/** `signal` aborts when the function's time is nearly over: nobody tells it that a client left. */
export function toApiRequest(event: GatewayEvent, signal?: AbortSignal): ApiRequest {
  const { headers, rawHeaders } = headersOf(event);
  const { body, isBase64Encoded, requestContext } = event;
  const remoteAddress = requestContext?.identity?.sourceIp;
  return {
    method: event.httpMethod,
    path: event.path,
    query: queryOf(event),
    headers,
    rawHeaders,
    ...(body && { body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') }),
    ...(remoteAddress !== undefined && { remoteAddress }),
    ...(signal && { signal }),
  };
}

function headersOf({ headers, multiValueHeaders }: GatewayEvent) {
  const byName: Record<string, string> = {};
  const raw: string[] = [];
  const all = multiValueHeaders ?? Object.fromEntries(Object.entries(headers ?? {}).map(([k, v]) => [k, [v]]));
  for (const [name, values] of Object.entries(all)) {
    const key = name.toLowerCase();
    // API Gateway speaks HTTP with the client itself: a connection's own headers end there.
    if (key === 'connection' || key === 'upgrade') continue;
    const before = getOwn(byName, key);
    setOwn(byName, key, before === undefined ? values.join(', ') : `${before}, ${values.join(', ')}`);
    for (const value of values) raw.push(key, value);
  }
  return { headers: byName, rawHeaders: raw };
}

function queryOf({ multiValueQueryStringParameters, queryStringParameters }: GatewayEvent): string {
  const query = new URLSearchParams();
  if (multiValueQueryStringParameters)
    for (const [name, values] of Object.entries(multiValueQueryStringParameters))
      for (const value of values) query.append(name, value);
  else for (const [name, value] of Object.entries(queryStringParameters ?? {})) query.append(name, value);
  return query.toString();
}
