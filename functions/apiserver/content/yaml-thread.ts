// Large YAML bodies, read in a thread of their own: what the library takes for a megabyte would hold up every other request. One at a
// time, each for so long at most; the thread ends when there has been nothing to read for a while.

import { Worker } from 'node:worker_threads';
import type { Decoded } from '../../../core/machinery/json.ts';
import { type Status, StatusError } from '../../../core/machinery/status.ts';

/** What the thread gets, and what it answers. */
export type YamlQuestion = Uint8Array;
export type YamlAnswer = { readonly decoded: Decoded } | { readonly status: Status };

export interface YamlThreadOptions {
  /** The program of the thread: yaml-worker.ts, or what it is bundled to. */
  readonly program: URL;
  /** Default 30 s: a busy machine takes many times as long as an idle one, and a request has a minute. */
  readonly timeMs?: number;
  /** Default a minute. */
  readonly idleMs?: number;
}

export type DecodeYaml = (bytes: Uint8Array) => Promise<Decoded>;

/** Bodies that wait, at most. */
const maxWaiting = 16;

/** Fails with BadRequest, with TooManyRequests when many wait already, and with RequestEntityTooLarge when it takes too long. */
export function createYamlThread({ program, timeMs = 30_000, idleMs = 60_000 }: YamlThreadOptions): DecodeYaml {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const end = () => {
    void worker?.terminate();
    worker = undefined;
  };
  const ask = (bytes: Uint8Array): Promise<Decoded> => {
    clearTimeout(idle);
    worker ??= new Worker(program, { resourceLimits: { maxOldGenerationSizeMb: 1024 } });
    const asked = worker;
    asked.unref();
    const { promise, resolve, reject } = Promise.withResolvers<Decoded>();
    const timer = setTimeout(() => fail(tooLong(timeMs)), timeMs);
    const stop = () => {
      clearTimeout(timer);
      asked.off('message', answered).off('error', broken);
      idle = setTimeout(end, idleMs).unref();
    };
    const answered = (answer: YamlAnswer) => {
      stop();
      if ('decoded' in answer) resolve(answer.decoded);
      else reject(statusError(answer.status));
    };
    const fail = (error: Error) => {
      stop();
      end();
      reject(error);
    };
    // Anything else is a failure of ours, and is logged.
    const broken = (error: Error) =>
      fail('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooLong(timeMs) : error);
    asked.on('message', answered).on('error', broken);
    asked.postMessage(bytes satisfies YamlQuestion);
    return promise;
  };

  return async (bytes) => {
    if (waiting >= maxWaiting)
      throw new StatusError('TooManyRequests', 'too many YAML bodies wait to be read: try again, or send JSON', {
        retryAfterSeconds: 1,
      });
    waiting += 1;
    const turn = last.then(() => ask(bytes));
    last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      waiting -= 1;
    }
  };
}

function statusError({ reason, message }: Status): StatusError {
  return new StatusError(reason === 'RequestEntityTooLarge' ? reason : 'BadRequest', message ?? '');
}

function tooLong(timeMs: number): StatusError {
  return new StatusError(
    'RequestEntityTooLarge',
    `the YAML in the request body takes more than ${timeMs / 1000} s or too much memory to read: send less at once, or JSON`,
  );
}
