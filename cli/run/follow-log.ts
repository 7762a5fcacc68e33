// One container's log, from its first line to its last, over as many connections as it takes.

import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../../agent/api-client/api-client.ts';
import { type ClusterConnection, isPassing } from './cluster-connection.ts';
import { type LogLine, logCursor } from './log-cursor.ts';

export interface FollowOptions {
  readonly connection: ClusterConnection;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly signal: AbortSignal;
  /** Whether the cluster has said that it ended: then the log grows no more. */
  readonly hasEnded: () => boolean;
  readonly write: (line: LogLine) => Promise<void> | void;
}

const pauseMs = 300;
/** An ended container's log that cannot be had for so long is lost. */
const patienceMs = 60_000;

/** `whole`: false when the end of the log could not be had. */
export async function followLog(options: FollowOptions): Promise<{ readonly whole: boolean; readonly why?: string }> {
  const { connection, namespace, pod, container, signal, hasEnded, write } = options;
  const cursor = logCursor();
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod)}/log`;
  let failing: number | undefined;
  while (!signal.aborted) {
    const ended = hasEnded();
    const since = cursor.since();
    const query = new URLSearchParams({ container, timestamps: 'true', ...(!ended && { follow: 'true' }) });
    if (since !== undefined) query.set('sinceTime', since);
    cursor.restart();
    try {
      for await (const chunk of connection.stream(`${path}?${query}`, signal)) {
        failing = undefined;
        for (const line of cursor.push(chunk)) await write(line);
      }
      // Read to its end, which came before we asked.
      if (ended) return { whole: true };
    } catch (error) {
      if (signal.aborted) break;
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof ApiError && (error.code === 404 || error.code === 403)) return { whole: false, why };
      // 400: the node has not heard of the container yet.
      if (!isPassing(error) && !(error instanceof ApiError && error.code === 400)) throw error;
      failing ??= Date.now();
      if (hasEnded() && Date.now() - failing > patienceMs) return { whole: false, why };
    }
    if (!hasEnded()) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    else if (failing !== undefined) await delay(pauseMs * 3, undefined, { signal }).catch(() => undefined);
  }
  return { whole: false };
}
