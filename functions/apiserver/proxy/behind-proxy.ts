// What a proxied server says of places on itself, said as places behind the proxy: Location headers, and links in HTML.
// Source: Kubernetes' proxy of Services and pods.

import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { getOwn } from '../../../core/machinery/own.ts';
import type { Forwarded } from './forward.ts';
import { rewriteLinks } from './html-links.ts';

/** `prefix`: the path of the proxy itself. `host`: as the server was called. */
export function behindProxy(answer: Forwarded, method: string, prefix: string, host: string): Forwarded {
  const { status, headers, body } = answer;
  const rewrite = (url: string) => placeBehind(prefix, host, url);
  const location = headers['location'];
  if (typeof location === 'string') return { ...answer, headers: { ...headers, location: rewrite(location) } };
  const type = String(getOwn(headers, 'content-type') ?? '').split(';')[0];
  if (type?.trim().toLowerCase() !== 'text/html' || method === 'HEAD' || status === 206) return answer;
  const encoding = String(getOwn(headers, 'content-encoding') ?? '');
  if (encoding !== '' && encoding !== 'gzip') return answer;
  const { 'content-length': _, ...others } = headers;
  return {
    ...answer,
    headers: others,
    body: encoding === 'gzip' ? zipped(body, rewrite) : rewriteLinks(body, rewrite),
  };
}

function zipped(body: AsyncIterable<Uint8Array>, rewrite: (url: string) => string): AsyncIterable<Uint8Array> {
  // An error of one stream ends all of them, and reaches who reads the last.
  const ends = () => {};
  const page = pipeline(Readable.from(body), createGunzip(), ends);
  return pipeline(Readable.from(rewriteLinks(page, rewrite)), createGzip(), ends);
}

/** A URL of a place on the server is one of the same place behind the proxy; all others stay. */
function placeBehind(prefix: string, host: string, url: string): string {
  const own = url.replace(new RegExp(`^(?:https?:)?//${RegExp.escape(host)}(?=/|$)`, 'i'), '');
  if (own === '') return url === '' ? url : `${prefix}/`;
  if (!own.startsWith('/') || own.startsWith('//')) return url;
  return own === prefix || own.startsWith(`${prefix}/`) ? own : prefix + own;
}
