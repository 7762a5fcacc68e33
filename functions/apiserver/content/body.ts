// Request bodies: read once, within their limit and in time, decoded by their content type.

import { Readable } from 'node:stream';
import { demandReadable, tooDeep } from '../../../core/machinery/depth.ts';
import type { Decoded } from '../../../core/machinery/json.ts';
import { decodeJsonObject, decodeJsonStrict } from '../../../core/machinery/json-body.ts';
import { noteNames } from '../../../core/machinery/json-names.ts';
import { badRequest, StatusError } from '../../../core/machinery/status.ts';
import type { RoutedRequest } from '../http.ts';
import { maxBodyBytes } from './body-limits.ts';
import { announcedBytes, holdEnd, takeAnnounced } from './hold-end.ts';
import { mediaTypes } from './negotiate.ts';
import type { DecodeYaml } from './yaml-thread.ts';

const empty = new Uint8Array();

/** A body up to this size is nobody's concern. */
export const freeBytes = 64 * 1024;

/** Whether there is room for so many more bytes. Asked for what comes beyond `freeBytes`. Throws TooManyRequests. */
export type Room = (bytes: number) => void;

/**
 * Throws RequestEntityTooLarge above the limit, BadRequest when the client breaks off, Timeout when it takes longer than a request may.
 * From then on the request has its bytes: whoever reads it again gets them.
 */
export async function readBody(request: RoutedRequest, limit = maxBodyBytes, room?: Room): Promise<Uint8Array> {
  const { body } = request;
  if (body === undefined) return empty;
  if (body === taken) throw new Error('the body of this request was taken: it is read no second time');
  if (body instanceof Uint8Array) {
    if (body.length > limit) throw tooLarge(limit);
    return body;
  }
  const length = request.headers['content-length'];
  if (Number(length ?? 0) > limit) throw tooLarge(limit);
  const stream = body instanceof Readable ? body : Readable.from(body, { objectMode: false });
  const announced = announcedBytes(stream, length);
  const whole = takeAnnounced(stream, announced);
  if (whole && room) room(Math.max(0, whole.length - freeBytes));
  const bytes = whole ?? (await readStream(stream, announced, limit, room));
  request.body = bytes;
  request.received = true;
  return bytes;
}

/**
 * As `readBody`, by the last who needs it. What a request holds while it waits for its commit outlives the collector's first rounds; its
 * bytes are a piece of all that came over the connection at once. What came as bytes keeps them.
 */
export async function takeBody(request: RoutedRequest): Promise<Uint8Array> {
  const bytes = await readBody(request);
  if (request.received) request.body = taken;
  return bytes;
}

/** Of a request whose body was taken: it had one. */
const taken: AsyncIterable<Uint8Array> = Readable.from([]);

/** By its events: the iterator that a stream has costs as much as the rest of a small request. */
function readStream(stream: Readable, announced: number, limit: number, room: Room | undefined): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const broken = () => fail(brokenOff());
    if (stream.destroyed) return reject(brokenOff());
    // An empty body may have ended by itself.
    if (stream.readableEnded) return resolve(empty);
    const take = (chunk: Uint8Array) => {
      const before = size;
      size += chunk.length;
      if (size > limit) return fail(tooLarge(limit));
      if (room && size > freeBytes) {
        try {
          room(size - Math.max(before, freeBytes));
        } catch (error) {
          return fail(error);
        }
      }
      chunks.push(chunk);
      if (size === announced) {
        whole();
        holdEnd(stream);
      }
    };
    // Streams close after every request too: an error made then, for nobody, would cost more than reading the body. And what a stream
    // still holds lives as long as it does (see serve.ts).
    const stop = () => {
      unfinished.delete(reading);
      stream.off('data', take);
      stream.off('end', whole);
      stream.off('error', broken);
      stream.off('close', broken);
    };
    const whole = () => {
      stop();
      resolve(joined(chunks, size));
    };
    const fail = (error: unknown) => {
      stop();
      chunks.length = 0;
      // What else comes is let pass, so that the client gets to read the answer.
      stream.on('error', () => undefined).resume();
      reject(error);
    };
    const reading: Unfinished = { untilMs: Date.now() + maxBodyMs, fail };
    follow(reading);
    stream.on('data', take);
    stream.once('end', whole);
    stream.once('error', broken);
    stream.once('close', broken);
  });
}

/** As long as Kubernetes gives a whole request. */
const maxBodyMs = 60_000;
const lookMs = 5_000;

interface Unfinished {
  readonly untilMs: number;
  readonly fail: (error: unknown) => void;
}

/** In the order in which their time is up. One timer for them all, and only while there are some. */
const unfinished = new Set<Unfinished>();
let looking: NodeJS.Timeout | undefined;

function follow(reading: Unfinished): void {
  unfinished.add(reading);
  looking ??= setInterval(look, lookMs).unref();
}

function look(): void {
  const now = Date.now();
  for (const reading of unfinished) {
    if (reading.untilMs > now) return;
    reading.fail(tooLate());
  }
  if (unfinished.size > 0) return;
  clearInterval(looking);
  looking = undefined;
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (first === undefined) return empty;
  return chunks.length === 1 ? first : Buffer.concat(chunks, size);
}

function brokenOff(): StatusError {
  return badRequest('the connection ended before the request body did: send the request again');
}

function tooLate(): StatusError {
  return new StatusError(
    'Timeout',
    `Timeout: request did not complete within the allotted timeout: its body was not there after ${maxBodyMs / 1000} s`,
    {},
  );
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

/** Throws UnsupportedMediaType, BadRequest when the text is not what the type says, or RequestEntityTooLarge. */
export async function decodeBody(bytes: Uint8Array, type: string): Promise<Decoded> {
  try {
    return await decode(bytes, type);
  } catch (error) {
    // The stack ends before the value does: it is nested without end, as a YAML alias within its own anchor is.
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

/**
 * Of a YAML text: every value stands behind one of these. The library makes some kilobytes of each, and a thread that has no more memory
 * takes the process with it.
 */
const maxParts = 100_000;
const partBegins: ReadonlySet<number> = new Set(Buffer.from('\n,:{[-?*&'));

function demandFewParts(bytes: Uint8Array): void {
  if (bytes.length <= maxParts) return;
  let parts = 0;
  for (const byte of bytes) if (partBegins.has(byte)) parts += 1;
  if (parts <= maxParts) return;
  throw new StatusError(
    'RequestEntityTooLarge',
    `the YAML in the request body has more than ${maxParts} parts: send less at once, or JSON`,
  );
}

/** Read in some milliseconds. */
const quickYamlBytes = 8 * 1024;

let yamlThread: DecodeYaml | undefined;

/** Where larger YAML bodies are read from now on. A process that has one request at a time needs no such thread. */
export function readYamlIn(thread: DecodeYaml | undefined): void {
  yamlThread = thread;
}

async function decode(bytes: Uint8Array, type: string): Promise<Decoded> {
  if (type === 'application/json') return decodeJsonStrict(bytes);
  if (type === 'application/yaml' || type === 'text/yaml') {
    // Clients send apply patches in JSON, under the name of YAML: reading them as what they are takes a tenth of the time.
    const json = decodeJsonObject(bytes);
    if (json) return json;
    demandFewParts(bytes);
    if (yamlThread && bytes.length > quickYamlBytes) return readable(await yamlThread(bytes));
    const { decodeYaml } = await import('../../../core/machinery/yaml.ts');
    return readable(decodeYaml(bytes));
  }
  if (type === 'application/vnd.kubernetes.protobuf') {
    // Its tables are loaded for the first client that speaks it.
    const { decodeProtobuf } = await import('../../../core/api/protobuf/decode-protobuf.ts');
    return readable({ value: decodeProtobuf(bytes), duplicates: [] });
  }
  if (type === 'application/cbor') {
    const { decodeCbor } = await import('../../../core/api/cbor/decode-cbor.ts');
    return readable({ value: decodeCbor(bytes), duplicates: [] });
  }
  throw unsupportedMediaType(Object.values(mediaTypes));
}

function readable(decoded: Decoded): Decoded {
  demandReadable(decoded.value);
  noteNames(decoded.value);
  return decoded;
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}
