// AWS Signature Version 4, for the few requests that are signed without AWS's own client: in a header, or in the URL.
// Source: IAM user guide, "Create a signed AWS API request".

import { createHmac, hash } from 'node:crypto';
import { getOwn } from '../machinery/own.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: 'DELETE' | 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  /** Lower-case names. `host` is added. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Signing {
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly service: string;
  readonly now: Date;
}

/** The headers to send, the signature among them. */
export function signHeaders(request: RequestToSign, signing: Signing): Record<string, string> {
  const { credentials } = signing;
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.url.host,
    'x-amz-date': amzDate(signing.now),
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const scope = scopeOf(signing);
  const signature = sign(request, request.url.searchParams, headers, names, sha256(request.body ?? ''), scope, signing);
  const credential = `${credentials.accessKeyId}/${scope}`;
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

/** The URL with the signature in its query, good for `expiresSeconds`. Whoever sends it must send `headers` as they are here. */
export function presign(request: RequestToSign, signing: Signing, expiresSeconds: number): URL {
  const { credentials } = signing;
  const headers: Record<string, string> = { ...request.headers, host: request.url.host };
  const names = Object.keys(headers).sort();
  const scope = scopeOf(signing);
  const url = new URL(request.url);
  const query = url.searchParams;
  query.set('X-Amz-Algorithm', 'AWS4-HMAC-SHA256');
  query.set('X-Amz-Credential', `${credentials.accessKeyId}/${scope}`);
  query.set('X-Amz-Date', amzDate(signing.now));
  query.set('X-Amz-Expires', String(expiresSeconds));
  if (credentials.sessionToken !== undefined) query.set('X-Amz-Security-Token', credentials.sessionToken);
  query.set('X-Amz-SignedHeaders', names.join(';'));
  // Source: Amazon S3 API reference, "Authenticating Requests: Using Query Parameters": S3 takes any body, which is not known yet.
  const bodyHash = signing.service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256(request.body ?? '');
  query.set('X-Amz-Signature', sign(request, query, headers, names, bodyHash, scope, signing));
  return url;
}

function sign(
  { method, url }: RequestToSign,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  names: readonly string[],
  bodyHash: string,
  scope: string,
  signing: Signing,
): string {
  const pairs = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const canonical = [
    method,
    url.pathname
      .split('/')
      // Source: AWS Signature Version 4, canonical URI: what is encoded already is encoded once more, but for S3.
      .map((each) => encode(signing.service === 's3' ? decodeURIComponent(each) : each))
      .join('/'),
    pairs.join('&'),
    ...names.map((name) => `${name}:${getOwn(headers, name)?.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', amzDate(signing.now), scope, sha256(canonical)].join('\n');
  const key = [...scope.split('/')].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${signing.credentials.secretAccessKey}`,
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

function scopeOf({ now, region, service }: Signing): string {
  return `${amzDate(now).slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** `20260102T030405Z`. */
function amzDate(now: Date): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** RFC 3986: everything but unreserved characters is percent-encoded. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(data: string | Uint8Array): string {
  return hash('sha256', data);
}
