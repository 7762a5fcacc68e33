// The agent's end of a stream: it dials the API server, for nothing can dial a node.

import { WebSocket } from 'ws';
import { withoutEnd } from '../../core/machinery/text-ends.ts';
import { type FrameSocket, frameSocket } from '../../core/node/frame-socket.ts';
import type { ApiCredentials } from '../api-client/api-client.ts';
import { UnreachableError } from '../api-client/api-client.ts';

const handshakeTimeoutMs = 15_000;

/** Throws UnreachableError: the server is away, or nobody waits for the stream any more. */
export function dialIn(credentials: ApiCredentials, nodeName: string, id: string): Promise<FrameSocket> {
  const { server, ca, cert, key, token } = credentials;
  const path = `/apis/agent.zeroplane.dev/v1/nodes/${encodeURIComponent(nodeName)}/streams/${encodeURIComponent(id)}`;
  // The server may have a path of its own, below which the API begins.
  const socket = new WebSocket(withoutEnd(server.replace(/^http/, 'ws'), '/') + path, {
    ...(ca && { ca }),
    ...(cert && key && { cert, key }),
    ...(token && { headers: { authorization: `Bearer ${token}` } }),
    perMessageDeflate: false,
    handshakeTimeout: handshakeTimeoutMs,
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(new UnreachableError(error.message)));
    // Made before `open` is over, so that no frame can come before its reader is there.
    socket.once('open', () => resolve(frameSocket(socket)));
  });
}
