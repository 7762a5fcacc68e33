// `kubectl logs` on the node: a container's log file, from where the client asked, and on as it grows.

import { type FSWatcher, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { StatusError } from '../../core/machinery/status.ts';
import { channels, type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import type { StreamRequest } from '../../core/node/protocol.ts';
import type { NodeFiles } from '../files/node-files.ts';
import type { ObservedContainer } from '../pods/observed.ts';
import { podLogDirectory } from '../pods/pod-context.ts';
import { LogFormat } from './log-format.ts';
import { nanoseconds } from './log-line.ts';
import { logSource } from './log-source.ts';
import { type ReadAt, sinceStart, tailStart } from './log-start.ts';
import type { StreamPods } from './stream-pods.ts';

type LogRequest = Extract<StreamRequest, { type: 'log' }>;

export interface ServeLogOptions {
  readonly request: LogRequest;
  readonly pods: StreamPods;
  readonly logsDir: string;
  readonly files: NodeFiles;
  readonly server: FrameSocket;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const readBytes = 64 * 1024;
/** Where no event tells of growth (some network file systems), it is looked for this often. */
const pollMs = 500;

/** Resolves when the log is over, or its reader has left. Throws StatusError before the first frame. */
export async function serveLog({ request, pods, logsDir, files, server, now }: ServeLogOptions): Promise<void> {
  const source = logSource(pods.get(request.uid), request);
  const { uid, pod: name, namespace } = request;
  const directory = podLogDirectory(logsDir, { metadata: { uid, name, namespace } });
  // The runtime names the file once it has the container.
  const file = source.logPath || path.join(directory, source.name, `${source.attempt}.log`);
  const since = sinceOf(request, now());
  const format = new LogFormat({
    timestamps: request.timestamps,
    ...(since !== undefined && { since }),
    ...(request.limitBytes !== undefined && { limitBytes: request.limitBytes }),
    ...((request.stream === 'Stdout' && { stream: 'stdout' as const }) ||
      (request.stream === 'Stderr' && { stream: 'stderr' as const })),
  });
  const gone = new AbortController();
  void drain(server).finally(() => gone.abort());
  const follow = request.follow && !request.previous;
  const reader = await openLog(() => files.open(logsDir, path.relative(logsDir, file)), source);
  try {
    await server.send(frame(channels.stdout));
    await reader.begin(request.tailLines, since);
    const growth = follow ? growthOf(path.dirname(file), gone.signal) : undefined;
    for (;;) {
      // Asked before the file is read: what a container wrote before its end is then there.
      const more = follow && runs(pods, uid, source);
      for (let chunk = await reader.next(); chunk; chunk = await reader.next()) {
        const out = format.push(chunk);
        if (out.length > 0) await server.send(frame(channels.stdout, out));
        if (format.done || gone.signal.aborted) return;
      }
      if (gone.signal.aborted) return;
      if (await reader.replaced()) {
        format.restart();
        continue;
      }
      if (!more) return;
      await growth?.();
    }
  } finally {
    gone.abort();
    await reader.close();
  }
}

function sinceOf({ sinceSeconds, sinceTime }: LogRequest, now: number): bigint | undefined {
  if (sinceTime !== undefined) return nanoseconds(sinceTime);
  return sinceSeconds === undefined ? undefined : BigInt(Math.floor(now - sinceSeconds * 1000)) * 1_000_000n;
}

function runs(pods: StreamPods, uid: string, source: ObservedContainer): boolean {
  const container = pods.get(uid)?.observed.containers.find(({ id }) => id === source.id);
  return container !== undefined && container.state !== 'exited';
}

/** A client says nothing on a log; the end of its frames is that it left. */
async function drain(server: FrameSocket): Promise<void> {
  for await (const _ of server.frames);
}

interface LogReader {
  begin(tailLines: number | undefined, since: bigint | undefined): Promise<void>;
  /** Undefined at the end of what is there. The bytes are the reader's until the next call. */
  next(): Promise<Buffer | undefined>;
  /** The file was rotated away or cut: reads on in the new one, from its start. */
  replaced(): Promise<boolean>;
  close(): Promise<void>;
}

/** `open` gives no link, device or FIFO that has come at the log's place. Throws StatusError when the log was removed with its container. */
async function openLog(open: () => Promise<FileHandle | undefined>, source: ObservedContainer): Promise<LogReader> {
  let handle = await open();
  if (!handle)
    throw new StatusError('NotFound', `the log of container ${JSON.stringify(source.name)} is no longer on its node`);
  const buffer = Buffer.allocUnsafe(readBytes);
  let position = 0;
  return {
    async begin(tailLines, since) {
      const current = handle;
      if (!current) return;
      const { size } = await current.stat();
      const read: ReadAt = async (at, length) => {
        const into = Buffer.allocUnsafe(length);
        const { bytesRead } = await current.read(into, 0, length, at);
        return into.subarray(0, bytesRead);
      };
      const [tail, from] = await Promise.all([
        tailLines === undefined ? 0 : tailStart(read, size, tailLines),
        since === undefined ? 0 : sinceStart(read, size, since),
      ]);
      position = Math.max(tail, from);
    },
    async next() {
      const result = await handle?.read(buffer, 0, buffer.length, position);
      if (!result || result.bytesRead === 0) return undefined;
      position += result.bytesRead;
      return buffer.subarray(0, result.bytesRead);
    },
    async replaced() {
      if (!handle) return false;
      const next = await open();
      if (!next) return false;
      const [ours, current] = await Promise.all([handle.stat(), next.stat()]);
      if (current.ino === ours.ino && current.dev === ours.dev) {
        await next.close();
        if (current.size >= position) return false;
        position = 0;
        return true;
      }
      await handle.close();
      handle = next;
      position = 0;
      return true;
    },
    async close() {
      await handle?.close();
      handle = undefined;
    },
  };
}

/** Each call resolves when something in the folder changed since the call before, or after a while. */
function growthOf(directory: string, signal: AbortSignal): () => Promise<void> {
  let changed = false;
  let wake: (() => void) | undefined;
  const poke = () => {
    changed = true;
    wake?.();
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(directory, { persistent: false, signal }, poke);
    watcher.on('error', () => {});
  } catch {
    // No watches left on this machine: polling is slower, and enough.
  }
  signal.addEventListener('abort', poke, { once: true });
  return async () => {
    if (!changed)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    wake = undefined;
    changed = false;
  };
}
