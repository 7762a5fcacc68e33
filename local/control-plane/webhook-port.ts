// Webhooks called for the thread of scheduler and controllers, whose writes are admitted there: the main thread has the way to the nodes.

import type { MessagePort } from 'node:worker_threads';
import { errorText } from '../../core/machinery/error-text.ts';
import { type WebhookAddress, type WebhookCaller, WebhookError } from '../../core/registry/webhooks/caller.ts';

interface Call {
  readonly id: number;
  readonly address: WebhookAddress;
  readonly body: unknown;
  readonly timeoutMs: number;
}

type Reply =
  | { readonly id: number; readonly answer: Record<string, unknown> }
  | { readonly id: number; readonly code: WebhookError['code'] | undefined; readonly message: string };

/** Answers until the port closes. */
export function serveWebhooks(call: WebhookCaller, port: MessagePort): void {
  port.on('message', async ({ id, address, body, timeoutMs }: Call) => {
    try {
      port.postMessage({ id, answer: await call(address, body, timeoutMs) } satisfies Reply);
    } catch (error) {
      const code = error instanceof WebhookError ? error.code : undefined;
      port.postMessage({ id, code, message: errorText(error) } satisfies Reply);
    }
  });
}

export function connectWebhooks(port: MessagePort): WebhookCaller {
  const pending = new Map<
    number,
    { resolve: (answer: Record<string, unknown>) => void; reject: (error: Error) => void }
  >();
  let nextId = 1;
  port.on('message', (reply: Reply) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(reply.code ? new WebhookError(reply.code, reply.message) : new Error(reply.message));
  });
  return (address, body, timeoutMs) =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      pending.set(id, { resolve, reject });
      port.postMessage({ id, address, body, timeoutMs } satisfies Call);
    });
}
