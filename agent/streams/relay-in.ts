// The agent's end of a stream where no connection can be upgraded: frames in posts, and frames from their answers (core/node/relay.ts).

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { FrameSocket } from '../../core/node/frame-socket.ts';
import type { StreamRequest } from '../../core/node/protocol.ts';
import type { RelayAnswer } from '../../core/node/relay.ts';
import { type ApiClient, ApiError } from '../api-client/api-client.ts';
import { relaySocket } from './relay-socket.ts';

const postTimeoutMs = 20_000;

/** A log's reader says nothing to the agent; whoever has a connection does, and waits for the answer. */
const paces = {
  quiet: { gatherMs: 20, longestGapMs: 1000, waitMs: 0 },
  lively: { gatherMs: 2, longestGapMs: 150, waitMs: 5000 },
} as const;

/** Nothing is posted yet: that nobody waits is learnt with the first post, and ends the frames. */
export function relayIn(api: ApiClient, nodeName: string, id: string, type: StreamRequest['type']): FrameSocket {
  const path = `/apis/agent.zeroplane.dev/v1/nodes/${encodeURIComponent(nodeName)}/streams/${encodeURIComponent(id)}`;
  return relaySocket({
    writer: randomUUID(),
    async post(query, body) {
      const options = { timeoutMs: postTimeoutMs, longPoll: true, ...(body && { body }) };
      try {
        return await api.json<RelayAnswer>('POST', `${path}?${query}`, options);
      } catch (error) {
        const refused = error instanceof ApiError && error.code < 500 && error.code !== 429 && error.code !== 409;
        if (refused) return undefined;
        throw error;
      }
    },
    now: Date.now,
    pause: async (ms, signal) => {
      await delay(ms, undefined, { signal }).catch(() => undefined);
    },
    pace: type === 'log' ? paces.quiet : paces.lively,
  });
}
