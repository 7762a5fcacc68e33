// Lambda's Invoke for functions that call each other: events are taken at once and delivered afterwards, again where the function failed or was
// busy. Source: Lambda API reference, Invoke; developer guide, "How Lambda handles errors and retries with asynchronous invocation".

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { InvocationError } from './execution-environment.ts';
import type { LambdaFunction } from './lambda.ts';

/** Lambda delivers at least once: what it may do to an event. */
export interface DeliveryFaults {
  /** It goes to two environments at the same time. */
  twice(): boolean;
  /** It comes again after it was dealt with. */
  forgotten(): boolean;
}

export interface LambdaServer {
  readonly url: string;
  /** Events that failed again and again. */
  readonly deadLetters: { readonly name: string; readonly event: unknown }[];
  /** As one that came from outside, such as by a schedule. */
  deliver(name: string, event: unknown): void;
  close(): Promise<void>;
}

/** On AWS a minute, and then two. */
const afterFailuresMs = [3000, 6000];
/** Of events that met a function at its bound: twice as long each time, up to the other. */
const firstRefusedMs = 1000;
const longestRefusedMs = 300_000;

/** `find`: a function by the name that its callers know. */
export async function startLambdaServer(
  host: string,
  find: (name: string) => LambdaFunction | undefined,
  faults?: DeliveryFaults,
): Promise<LambdaServer> {
  const stopping = new AbortController();
  const deadLetters: { name: string; event: unknown }[] = [];
  const under = new Set<Promise<void>>();

  async function deliver(target: LambdaFunction, event: unknown): Promise<void> {
    let [failures, refusals] = [0, 0];
    const pause = (ms: number) => delay(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
    while (!stopping.signal.aborted) {
      // What becomes of the other one is nobody's business.
      if (faults?.twice()) target.invoke(event).catch(() => undefined);
      try {
        await target.invoke(event);
        if (!faults?.forgotten()) return;
      } catch (error) {
        if (!(error instanceof InvocationError)) throw error;
        if (error.code === 'throttled') {
          await pause(Math.min(longestRefusedMs, firstRefusedMs * 2 ** refusals++));
          continue;
        }
        if (error.code === 'failed' || error.code === 'timeout') console.error(error.message);
        const ms = afterFailuresMs[failures++];
        if (ms === undefined) {
          deadLetters.push({ name: target.name, event });
          return;
        }
        await pause(ms);
      }
    }
  }

  const begin = (target: LambdaFunction, event: unknown): void => {
    const work = deliver(target, event).finally(() => under.delete(work));
    under.add(work);
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
    const target = find(decodeURIComponent(name));
    const asked = request.method === 'POST' && request.headers['x-amz-invocation-type'] === 'Event';
    const signed = String(request.headers.authorization).includes('/lambda/aws4_request');
    if (asked && target && signed) begin(target, JSON.parse(Buffer.concat(chunks).toString() || '{}'));
    response.writeHead(target ? (asked && signed ? 202 : 400) : 404).end();
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    // as: a TCP server's address is never a string, and is there while it listens.
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    deadLetters,
    deliver(name, event) {
      const target = find(name);
      if (target) begin(target, event);
    },
    async close() {
      stopping.abort();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
