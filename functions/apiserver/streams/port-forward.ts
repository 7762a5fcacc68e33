// `portforward`: SPDY/3.1 by upgrade or inside a WebSocket (KEP-4006), and the older WebSocket protocol with its ports in the query.

import { createWebSocketStream } from 'ws';
import { errorText } from '../../../core/machinery/error-text.ts';
import { badRequest } from '../../../core/machinery/status.ts';
import { keepAlive } from '../../../core/node/frame-socket.ts';
import type { NodeStream, StreamOpener } from '../../../core/node/node-stream.ts';
import type { SpdyStream } from '../../../core/node/spdy/stream.ts';
import { isWebSocket, type RoutedRequest, type UpgradeConnection } from '../http.ts';
import type { Query } from '../query.ts';
import type { PodStream } from '../streams-contract.ts';
import { podOf } from './container.ts';
import { carryConnection, validPort } from './forwarded-connection.ts';
import { heldBy } from './held-bytes.ts';
import { acceptSpdy, chooseVersion, serveSpdy } from './spdy.ts';
import { acceptWebSocket, chooseProtocol } from './websocket.ts';
import { channelForward, portsOf } from './websocket-forward.ts';

const tunnel = 'SPDY/3.1+portforward.k8s.io';
const spdyVersions = ['portforward.k8s.io'] as const;
/** How long the two streams of a connection may be apart. */
const pairTimeoutMs = 30_000;

/** Opens one connection to a port of the pod. */
export type OpenPort = (port: number) => Promise<NodeStream>;

/** Resolves when the client may open connections. */
export async function upgradePortForward(
  opener: StreamOpener,
  stream: PodStream,
  connection: UpgradeConnection,
): Promise<void> {
  const { request } = stream;
  await carryPortForward(request, connection, stream.query, (port) =>
    opener.open(stream.node, { type: 'portforward', ...podOf(stream), port }, request.signal),
  );
}

/** The same, wherever the connections come from. `query`: the client's. */
export async function carryPortForward(
  request: RoutedRequest,
  connection: UpgradeConnection,
  query: Query,
  open: OpenPort,
): Promise<void> {
  if (!isWebSocket(request)) {
    const version = chooseVersion(request, spdyVersions, undefined);
    acceptSpdy(connection, version, connectionPairs(open), heldBy(request));
    return;
  }
  const protocol = chooseProtocol(request, [tunnel, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io']);
  if (protocol !== tunnel) {
    const ports = portsOf(query);
    const socket = await acceptWebSocket(request, connection, protocol, true);
    const counted = { received: connection.socket, account: heldBy(request) };
    void channelForward(socket, counted, ports, protocol.includes('base64'), open);
    return;
  }
  const socket = await acceptWebSocket(request, connection, protocol);
  keepAlive(socket);
  const spdy = serveSpdy(createWebSocketStream(socket), new Uint8Array(), connectionPairs(open), heldBy(request));
  void spdy.closed.then(() => socket.close(1000));
}

interface Pair {
  error?: SpdyStream;
  data?: SpdyStream;
  timer: NodeJS.Timeout;
}

/** Every connection is an error stream and a data stream of the same request id, in that order. */
function connectionPairs(open: OpenPort): (stream: SpdyStream) => void {
  const pairs = new Map<string, Pair>();
  return (stream) => {
    const type = stream.headers['streamtype'];
    if (type !== 'error' && type !== 'data') return stream.reset();
    // Clients of before Kubernetes 1.2 give no request id; their data stream is the next after the error stream.
    const id = stream.headers['requestid'] ?? String(type === 'error' ? stream.id : stream.id - 2);
    const pair = pairs.get(id) ?? {
      timer: setTimeout(() => {
        pairs.delete(id);
        pair.error?.reset();
        pair.data?.reset();
      }, pairTimeoutMs),
    };
    if (pair[type]) return stream.reset();
    pair[type] = stream;
    pairs.set(id, pair);
    if (!pair.error || !pair.data) return;
    clearTimeout(pair.timer);
    pairs.delete(id);
    void forward(pair.error, pair.data, open);
  };
}

async function forward(error: SpdyStream, data: SpdyStream, open: OpenPort): Promise<void> {
  const tell = (text: string) => {
    error.write(Buffer.from(text)).catch(() => undefined);
  };
  try {
    const port = Number(data.headers['port']);
    if (!validPort(port))
      throw badRequest(`port: ${JSON.stringify(data.headers['port'] ?? '')} is not a port of 1 to 65535`);
    const node = await open(port);
    await carryConnection(node, {
      data: data.data,
      write: (chunk) => data.write(chunk),
      end: () => data.end(),
      fail: tell,
    });
  } catch (failure) {
    tell(errorText(failure));
    data.end();
  } finally {
    error.end();
  }
}
