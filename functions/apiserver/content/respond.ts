// Responses from values and stored bytes, in the form that the client accepts.

import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip as gzipCallback } from 'node:zlib';
import { parseJson } from '../../../core/machinery/json.ts';
import { jsonPieces } from '../../../core/machinery/json-text.ts';
import type { Status, StatusError } from '../../../core/machinery/status.ts';
import { largeBytes, runYielding, yieldToEventLoop } from '../../../core/machinery/steps.ts';
import { encodeYaml, yamlPieces } from '../../../core/machinery/yaml-text.ts';
import type { ApiResponse, RoutedRequest } from '../http.ts';
import { toCbor, toCborInSteps } from './cbor.ts';
import { type ListBody, listBody, wholeBody } from './list-body.ts';
import { type MediaTypeOptions, mediaTypes } from './negotiate.ts';
import { toProtobuf, toProtobufInSteps, withoutProtobuf } from './protobuf.ts';

const gzip = promisify(gzipCallback);
// As Kubernetes: smaller answers cost more to compress than to send.
const minGzipBytes = 128 * 1024;
const gzipOptions = { level: 1, chunkSize: 64 * 1024 };

const encoder = new TextEncoder();

/** As `encodeText`, in steps. */
async function encodeLargeText(value: unknown, { encoding, pretty }: MediaTypeOptions): Promise<Uint8Array> {
  const isYaml = encoding === 'yaml';
  const pieces = await runYielding(isYaml ? yamlPieces(value) : jsonPieces(value, pretty ? 2 : 0), true);
  if (!isYaml) pieces.push('\n');
  const bytes: Uint8Array[] = [];
  for (const piece of pieces) {
    bytes.push(encoder.encode(piece));
    await yieldToEventLoop();
  }
  return Buffer.concat(bytes);
}

/** A value in the encoding of `mediaType`, which is text. */
function encodeText(value: unknown, { encoding, pretty }: MediaTypeOptions): Uint8Array {
  if (encoding === 'yaml') return encoder.encode(encodeYaml(value));
  return encoder.encode(`${JSON.stringify(value, null, pretty ? 2 : 0)}\n`);
}

function encodeBinary(value: unknown, { encoding }: MediaTypeOptions): Uint8Array | undefined {
  if (encoding === 'cbor') return toCbor(value);
  return encoding === 'protobuf' ? toProtobuf(value) : undefined;
}

/** Throws NotAcceptable for a value without a protobuf form to a client that takes no other. */
export function respondValue(status: number, value: unknown, mediaType: MediaTypeOptions): ApiResponse {
  const binary = encodeBinary(value, mediaType);
  const used = mediaType.encoding === 'protobuf' && !binary ? withoutProtobuf(mediaType) : mediaType;
  return {
    status,
    headers: { 'content-type': mediaTypes[used.encoding], 'cache-control': 'no-cache, private' },
    body: binary ?? encodeText(value, used),
  };
}

/** As `respondValue`, for what may hold thousands of objects or fields: others have their turn meanwhile. */
async function respondLargeValue(status: number, value: unknown, mediaType: MediaTypeOptions): Promise<ApiResponse> {
  const { encoding } = mediaType;
  const binary =
    encoding === 'cbor' ? toCborInSteps(value) : encoding === 'protobuf' ? toProtobufInSteps(value) : undefined;
  const used = encoding === 'protobuf' && !binary ? withoutProtobuf(mediaType) : mediaType;
  const body = binary ? await runYielding(binary, true) : await encodeLargeText(value, used);
  return {
    status,
    headers: { 'content-type': mediaTypes[used.encoding], 'cache-control': 'no-cache, private' },
    body,
  };
}

/** `bytes`: of the JSON of what the value is or was made of. */
export function respondSized(
  status: number,
  value: unknown,
  bytes: number,
  mediaType: MediaTypeOptions,
): ApiResponse | Promise<ApiResponse> {
  return bytes > largeBytes ? respondLargeValue(status, value, mediaType) : respondValue(status, value, mediaType);
}

/** JSON bytes go out as they are, unless the client wants another encoding. */
export function respondBytes(
  status: number,
  bytes: Uint8Array,
  mediaType: MediaTypeOptions,
): ApiResponse | Promise<ApiResponse> {
  if (!isLine(mediaType)) return respondSized(status, parse(bytes), bytes.length, mediaType);
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
    body: bytes,
  };
}

/** A list of stored objects: `parts` are their JSON, as it goes out unless the client wants another encoding. */
export async function respondList(
  head: string,
  parts: readonly Uint8Array[],
  tail: string,
  mediaType: MediaTypeOptions,
): Promise<ApiResponse> {
  if (isLine(mediaType)) return respondBody(listBody(head, parts, tail), mediaType);
  // as: the head and tail of a list.
  const list = parseJson(`${head}${tail}`) as Record<string, unknown>;
  const items: unknown[] = [];
  let bytes = 0;
  let pauseAt = largeBytes;
  for (const part of parts) {
    items.push(parse(part));
    bytes += part.length;
    if (bytes < pauseAt) continue;
    await yieldToEventLoop();
    pauseAt = bytes + largeBytes;
  }
  return respondSized(200, { ...list, items }, bytes, mediaType);
}

/** Stored bytes are in this form. */
function isLine({ encoding, pretty }: MediaTypeOptions): boolean {
  return encoding === 'json' && !pretty;
}

/** JSON in pieces, as it goes out unless the client wants another encoding. */
export async function respondBody({ body, bytes }: ListBody, mediaType: MediaTypeOptions): Promise<ApiResponse> {
  if (!isLine(mediaType)) return respondBytes(200, await wholeBody(body), mediaType);
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
    body,
    bytes,
  };
}

export function respondText(status: number, text: string, type = 'text/plain; charset=utf-8'): ApiResponse {
  return {
    status,
    headers: { 'content-type': type, 'cache-control': 'no-cache, private', 'x-content-type-options': 'nosniff' },
    body: encoder.encode(text),
  };
}

function respondStatus(status: Status, mediaType: MediaTypeOptions): ApiResponse {
  return respondValue(status.code ?? 200, status, mediaType);
}

export function respondError(error: StatusError, mediaType: MediaTypeOptions): ApiResponse {
  const response = respondStatus(error.status, mediaType);
  const retryAfter = error.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.headers['retry-after'] = String(retryAfter);
  if (error.reason === 'TooManyRequests') response.headers['retry-after'] ??= '1';
  return response;
}

/** Compresses a large answer for a client that takes gzip. */
export function compress(request: RoutedRequest, response: ApiResponse): ApiResponse | Promise<ApiResponse> {
  const { status, headers, body } = response;
  const { bytes = body instanceof Uint8Array ? body.length : 0 } = response;
  if (body === undefined || bytes < minGzipBytes || !acceptsGzip(request)) return response;
  if (headers['content-encoding'] !== undefined) return response;
  const compressed = (made: NonNullable<ApiResponse['body']>): ApiResponse => ({
    status,
    headers: { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
    body: made,
  });
  return body instanceof Uint8Array ? gzip(body, gzipOptions).then(compressed) : compressed(gzipped(body));
}

function gzipped(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // Whoever reads learns of a failure, or has left.
  return pipeline(Readable.from(body, { objectMode: false }), createGzip(gzipOptions), () => {});
}

export function acceptsGzip(request: RoutedRequest): boolean {
  const accepted = request.headers['accept-encoding'];
  return accepted !== undefined && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accepted);
}

/** The stored JSON of one object as a value. */
function parse(bytes: Uint8Array): unknown {
  return parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
}
