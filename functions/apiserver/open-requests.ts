// The requests that a server has taken and whose answers are not at their clients yet: one look over all of them every few seconds ends
// those whose time is up, since a timer for each would cost every request something.

import type { ServerResponse } from 'node:http';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { ServedRequest } from './served-request.ts';

export interface RequestLimits {
  /** From its headers to its answer. What is long running is exempt. */
  readonly answerMs: number;
  /** A client that takes nothing of what waits for it is cut after this long. */
  readonly stallMs: number;
  /** Bytes that may wait for clients which take nothing: beyond, those that wait longest are cut at once. */
  readonly stalledBytes: number;
  readonly lookMs: number;
}

/** 60 s as kube-apiserver's --request-timeout. */
export const defaultRequestLimits: RequestLimits = {
  answerMs: 60_000,
  stallMs: 60_000,
  stalledBytes: 256 * 1024 * 1024,
  lookMs: 2_000,
};

export type Life = ServerHttp2Stream | ServerResponse;

export interface OpenRequests {
  add(life: Life, request: ServedRequest): void;
  /** Those with a request that is not answered to its end. */
  sessions(): ReadonlySet<ServerHttp2Session>;
  close(): void;
}

/** `late` answers a request whose time is up. */
export function openRequests(limits: RequestLimits, late: (life: Life, request: ServedRequest) => void): OpenRequests {
  /** In the order in which they came. */
  const open = new Map<Life, ServedRequest>();
  // One for all: see `ignore` in serve.ts.
  function forget(this: Life): void {
    open.delete(this);
  }
  // Counted in looks: no request needs to ask what time it is.
  let looks = 0;
  const look = () => {
    looks += 1;
    let stalled = 0;
    const waiting: [Life, ServedRequest][] = [];
    for (const [life, request] of open) {
      if (!request.answered) {
        if (!request.longRunning && (looks - request.since) * limits.lookMs > limits.answerMs) late(life, request);
        continue;
      }
      const unsent = life.writableLength;
      if (unsent === 0 || unsent !== request.unsent) {
        request.unsent = unsent;
        request.since = looks;
        continue;
      }
      if ((looks - request.since) * limits.lookMs >= limits.stallMs) cut(life);
      else {
        stalled += unsent;
        waiting.push([life, request]);
      }
    }
    if (stalled <= limits.stalledBytes) return;
    waiting.sort(([, a], [, b]) => a.since - b.since);
    for (const [life] of waiting) {
      stalled -= life.writableLength;
      cut(life);
      if (stalled <= limits.stalledBytes) return;
    }
  };
  const timer = setInterval(look, limits.lookMs).unref();

  return {
    add(life, request) {
      request.since = looks;
      open.set(life, request);
      life.on('close', forget);
    },
    sessions() {
      const used = new Set<ServerHttp2Session>();
      // as: the streams of a server are of its sessions.
      for (const life of open.keys()) if ('session' in life) used.add(life.session as ServerHttp2Session);
      return used;
    },
    close: () => clearInterval(timer),
  };
}

function cut(life: Life): void {
  if ('rstCode' in life) life.close(constants.NGHTTP2_CANCEL);
  life.destroy();
}
