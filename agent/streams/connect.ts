// One TCP connection to a pod's address, for what the API server asks of pods itself: proxy, webhooks, extension servers. It comes to the
// pod as others' connections do, so that what listens on the pod's loopback (or the node's, with hostNetwork) is for port-forward alone.

import { once } from 'node:events';
import net from 'node:net';
import { pipeline } from 'node:stream/promises';
import { errorText } from '../../core/machinery/error-text.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { frameDuplex } from '../../core/node/frame-duplex.ts';
import type { FrameSocket } from '../../core/node/frame-socket.ts';
import { ReadingSocket } from './reading-socket.ts';

const connectTimeoutMs = 10_000;

/** Resolves when both directions are over, or either end left. Throws ServiceUnavailable when nobody listens there. */
export async function serveConnect(host: string, port: number, server: FrameSocket): Promise<void> {
  const socket = new ReadingSocket({ allowHalfOpen: true }).connect({ host, port }).setNoDelay();
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(connectTimeoutMs) });
  } catch (error) {
    socket.destroy();
    throw new StatusError(
      'ServiceUnavailable',
      `dial tcp ${net.isIPv6(host) ? `[${host}]` : host}:${port}: ${errorText(error)}`,
    );
  }
  // Either end that leaves in the middle ends the other.
  await pipeline(socket, frameDuplex(server), socket).catch(() => undefined);
}
