// Reads of the API from the thread of the controllers: the main thread answers them through the same handler as any request.

import { randomUUID } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import { StatusError, type StatusReason } from '../../core/machinery/status.ts';
import type { StaticToken } from '../../functions/apiserver/authentication/authenticate.ts';
import type { ApiRequest, ApiResponse } from '../../functions/apiserver/http.ts';
import { answerOf, type ReadApi } from '../../functions/controllers/read-api.ts';

/** The autoscaler's user, by a token that only this process knows. */
export function controllersToken(): StaticToken {
  const account = 'horizontal-pod-autoscaler';
  const groups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'];
  return { token: randomUUID(), user: { username: `system:serviceaccount:kube-system:${account}`, groups } };
}

interface Question {
  readonly id: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly reason: StatusReason; readonly message: string };

/** Answers until the port closes. */
export function serveApi(
  handle: (request: ApiRequest) => Promise<ApiResponse>,
  { token }: StaticToken,
  port: MessagePort,
): void {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  port.on('message', async ({ id, path, query }: Question) => {
    try {
      const search = new URLSearchParams(query).toString();
      const { status, body } = await handle({ method: 'GET', path, query: search, headers });
      port.postMessage({ id, value: answerOf(status, await whole(body)) } satisfies Reply);
    } catch (error) {
      const reason = error instanceof StatusError ? error.reason : 'InternalError';
      port.postMessage({ id, reason, message: error instanceof Error ? error.message : String(error) } satisfies Reply);
    }
  });
}

export function connectApi(port: MessagePort): ReadApi {
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  port.on('message', (reply: Reply) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ('reason' in reply) waiting?.reject(new StatusError(reply.reason, reply.message));
    else waiting?.resolve(reply.value);
  });
  return (path, query) =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      pending.set(id, { resolve, reject });
      port.postMessage({ id, path, query } satisfies Question);
    });
}

async function whole(body: ApiResponse['body']): Promise<Uint8Array> {
  if (body === undefined || body instanceof Uint8Array) return body ?? new Uint8Array();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
