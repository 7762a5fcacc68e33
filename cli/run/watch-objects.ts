// The objects of a type that a selector names, as they are now and as they change, over as many connections as it takes.

import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../../agent/api-client/api-client.ts';
import { parseJson } from '../../core/machinery/json.ts';
import { type ClusterConnection, isPassing } from './cluster-connection.ts';

interface Watched {
  readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface WatchOptions<T> {
  readonly connection: ClusterConnection;
  /** `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly changed: (object: T) => void;
  /** All that there were were told. */
  readonly listed?: () => void;
  /** With what was last known of it. */
  readonly gone: (object: T) => void;
}

const pauseMs = 500;
/** Of one event: no object is larger. */
const maxEventBytes = 8 * 1024 * 1024;

/** Resolves once it is aborted. Rejects with what the cluster refuses for good. */
export async function watchObjects<T extends Watched>(options: WatchOptions<T>): Promise<void> {
  const { connection, path, query, signal, changed, gone } = options;
  const known = new Map<string, T>();
  let version: string | undefined;
  const put = (object: T) => {
    known.set(object.metadata?.uid ?? '', object);
    changed(object);
  };
  const drop = (uid: string, object: T) => {
    known.delete(uid);
    gone(object);
  };
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const list: { metadata?: { resourceVersion?: string }; items: T[] } = await connection.json(
          'GET',
          `${path}?${new URLSearchParams(query)}`,
        );
        const present = new Set(list.items.map(({ metadata }) => metadata?.uid ?? ''));
        for (const [uid, object] of known) if (!present.has(uid)) drop(uid, object);
        list.items.forEach(put);
        version = list.metadata?.resourceVersion ?? '';
        options.listed?.();
      }
      const watch = new URLSearchParams({
        ...query,
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: version,
      });
      for await (const line of linesOf(connection.stream(`${path}?${watch}`, signal))) {
        // as: an event of a watch.
        const event = parseJson(line) as { type: string; object: T };
        if (event.type === 'ERROR') {
          version = undefined;
          break;
        }
        version = event.object.metadata?.resourceVersion ?? version;
        if (event.type === 'DELETED') drop(event.object.metadata?.uid ?? '', event.object);
        else if (event.type !== 'BOOKMARK') put(event.object);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.code === 410) version = undefined;
      else if (!isPassing(error)) throw error;
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      if (end > 0) yield rest.subarray(0, end).toString();
      rest = rest.subarray(end + 1);
    }
    if (rest.length > maxEventBytes)
      throw new Error('an event of the watch is larger than any object: is the server a cluster?');
  }
}
