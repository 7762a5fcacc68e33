// What a client of an edge gets: an answer of the API passed on as it comes, or a Status of the edge's own.

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { StatusError } from '../core/machinery/status.ts';
import { type Headers, passedOn } from './upstream.ts';

export type EdgeResponse = Http2ServerResponse | ServerResponse;

/** Sent at once: HTTP/1.1 sends the head with the first byte otherwise, and a watch may have none for long. */
export function begin(response: EdgeResponse, code: number, headers: Headers): void {
  // The two differ in overloads alone.
  if (!(response instanceof ServerResponse)) response.writeHead(code, headers);
  else response.writeHead(code, headers).flushHeaders();
}

/** Whether it may take more now. */
export function write(response: EdgeResponse, chunk: Buffer, written: () => void = () => undefined): boolean {
  return response instanceof ServerResponse ? response.write(chunk, written) : response.write(chunk, written);
}

export function relay(answer: IncomingMessage, response: EdgeResponse): void {
  begin(response, answer.statusCode ?? 502, passedOn(answer.headers));
  answer.pipe(response);
  // Cut off in the middle: so must the client see it, not as an end.
  answer.once('error', () => cutOff(response));
  answer.once('close', () => {
    if (!answer.complete) cutOff(response);
  });
}

export function refuse(response: EdgeResponse, error: StatusError): void {
  if (response.headersSent || response.destroyed) {
    cutOff(response);
    return;
  }
  const { retryAfterSeconds } = error.status.details ?? {};
  begin(response, error.code, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(JSON.stringify(error.status));
}

/** HTTP/2 breaks off a stream, HTTP/1.1 its connection. */
export function cutOff(response: EdgeResponse): void {
  if (response instanceof ServerResponse) response.destroy();
  else response.stream?.destroy();
}
