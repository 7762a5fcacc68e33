// Responses of the API server in the two forms that API Gateway takes: one JSON value, or a prelude and a stream.
// Source: API Gateway developer guide, "Lambda proxy integration with response streaming"; output format of proxy integrations.

import { Readable } from 'node:stream';
import { setOwn } from '../../../core/machinery/own.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { ApiResponse } from '../http.ts';

/** What a Lambda function returns to a buffered proxy integration. */
export interface BufferedResult {
  readonly statusCode: number;
  readonly multiValueHeaders: Record<string, string[]>;
  readonly body: string;
  readonly isBase64Encoded: true;
}

/** The prelude with the body still as a stream, as middy's streaming takes it. */
export interface StreamedResult {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly multiValueHeaders: Record<string, string[]>;
  readonly body: Readable;
}

/** A function's answer has at most 6 MB, base64 included. */
const largestBuffered = Math.floor((6 * 1024 * 1024 - 64 * 1024) * 0.75);

export async function toBuffered(response: ApiResponse): Promise<BufferedResult> {
  const body = await collect(response);
  if (body.length > largestBuffered) return toBuffered(tooLarge(body.length));
  return {
    statusCode: response.status,
    multiValueHeaders: headersOf(response),
    body: body.toString('base64'),
    isBase64Encoded: true,
  };
}

/** `done` runs when the body has ended, or its reader has left. */
export function toStreamed(response: ApiResponse, done: () => void): StreamedResult {
  const { body } = response;
  const readable =
    body === undefined || body instanceof Uint8Array
      ? Readable.from(body === undefined || body.length === 0 ? [] : [Buffer.from(body)], { objectMode: false })
      : Readable.from(body, { objectMode: false });
  readable.once('close', done);
  const multiValueHeaders = headersOf(response);
  const headers = Object.fromEntries(
    Object.entries(multiValueHeaders).map(([name, values]) => [name, values.join(', ')]),
  );
  return { statusCode: response.status, headers, multiValueHeaders, body: readable };
}

function headersOf({ headers }: ApiResponse): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    // API Gateway frames bodies itself.
    if (name === 'content-length' || name === 'connection' || name === 'transfer-encoding') continue;
    setOwn(result, name, Array.isArray(value) ? value : [value]);
  }
  return result;
}

async function collect({ body }: ApiResponse): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function tooLarge(bytes: number): ApiResponse {
  const error = new StatusError(
    'RequestEntityTooLarge',
    `the answer has ${bytes} bytes, more than a function can return to this kind of request: ask for less`,
  );
  return {
    status: error.status.code ?? 413,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(error.status)),
  };
}
