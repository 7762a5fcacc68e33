// Request bodies: read within the limit, decoded by their content type.

import { Readable } from 'node:stream';
import { type Decoded, decodeJsonObject, decodeJsonStrict } from '../../../core/machinery/json.ts';
import { badRequest, StatusError } from '../../../core/machinery/status.ts';
import type { RoutedRequest } from '../http.ts';
import { mediaTypes } from './negotiate.ts';

/** As in Kubernetes; etcd's limit there, a promise here. */
const maxBodyBytes = 3 * 1024 * 1024;

const empty = new Uint8Array();

/** Throws RequestEntityTooLarge above the limit, BadRequest when the client breaks off. */
export async function readBody(request: RoutedRequest, limit = maxBodyBytes): Promise<Uint8Array> {
  const { body } = request;
  if (body === undefined) return empty;
  if (body instanceof Uint8Array) {
    if (body.length > limit) throw tooLarge(limit);
    return body;
  }
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  return body instanceof Readable ? readStream(body, limit) : readChunks(body, limit);
}

/** By its events: the iterator that a stream has costs as much as the rest of a small request. */
function readStream(stream: Readable, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const broken = () => reject(brokenOff());
    if (stream.destroyed) return broken();
    const take = (chunk: Uint8Array) => {
      size += chunk.length;
      // What else comes is let pass, so that the client gets to read the answer.
      if (size > limit) reject(tooLarge(limit));
      else chunks.push(chunk);
    };
    // Streams close after every request too: an error made then, for nobody, would cost more than reading the body. And what a stream
    // still holds lives as long as it does (see serve.ts).
    const whole = () => {
      stream.off('data', take);
      stream.off('error', broken);
      stream.off('close', broken);
      resolve(joined(chunks, size));
    };
    stream.on('data', take);
    stream.once('end', whole);
    stream.once('error', broken);
    stream.once('close', broken);
  });
}

async function readChunks(body: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw brokenOff();
  }
  return joined(chunks, size);
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (first === undefined) return empty;
  return chunks.length === 1 ? first : Buffer.concat(chunks, size);
}

function brokenOff(): StatusError {
  return badRequest('the connection ended before the request body did: send the request again');
}

function tooLarge(limit: number): StatusError {
  return new StatusError('RequestEntityTooLarge', `the request body is larger than ${limit} bytes`);
}

/** The media type without parameters, in lower case; JSON when the client says nothing. */
export function contentType(request: RoutedRequest): string {
  const header = request.headers['content-type'];
  if (header === undefined || header === '') return 'application/json';
  const at = header.indexOf(';');
  return (at < 0 ? header : header.slice(0, at)).trim().toLowerCase();
}

/** Throws UnsupportedMediaType, or BadRequest when the text is not what the type says. */
export async function decodeBody(bytes: Uint8Array, type: string): Promise<Decoded> {
  try {
    const decoded = await decode(bytes, type);
    checkDepth(decoded.value, maxDepth);
    return decoded;
  } catch (error) {
    // The stack ends before the value does: it is nested without end, as a YAML alias within its own anchor is.
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

// No Kubernetes object comes near it, and every recursive walk behind this point has room for it.
const maxDepth = 500;

function checkDepth(value: unknown, left: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (left === 0) throw tooDeep();
  if (Array.isArray(value)) for (const each of value) checkDepth(each, left - 1);
  else for (const each of Object.values(value)) checkDepth(each, left - 1);
}

function tooDeep(): StatusError {
  return badRequest(`the request body is nested deeper than ${maxDepth} levels`);
}

async function decode(bytes: Uint8Array, type: string): Promise<Decoded> {
  if (type === 'application/json') return decodeJsonStrict(bytes);
  if (type === 'application/yaml' || type === 'text/yaml') {
    // Clients send apply patches in JSON, under the name of YAML: reading them as what they are takes a tenth of the time.
    const json = decodeJsonObject(bytes);
    if (json) return json;
    const { decodeYaml } = await import('../../../core/machinery/yaml.ts');
    return decodeYaml(bytes);
  }
  if (type === 'application/vnd.kubernetes.protobuf') {
    // Its tables are loaded for the first client that speaks it.
    const { decodeProtobuf } = await import('../../../core/api/protobuf/decode-protobuf.ts');
    return { value: decodeProtobuf(bytes), duplicates: [] };
  }
  if (type === 'application/cbor') {
    const { decodeCbor } = await import('../../../core/api/cbor/decode-cbor.ts');
    return { value: decodeCbor(bytes), duplicates: [] };
  }
  throw unsupportedMediaType(type, Object.values(mediaTypes));
}

export function unsupportedMediaType(type: string, accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format (${JSON.stringify(type)}) - accepted media types include: ${accepted.join(', ')}`,
  );
}
