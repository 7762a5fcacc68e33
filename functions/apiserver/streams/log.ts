// `log`: a streamed response, or binary messages of a WebSocket.

import type { WebSocket } from 'ws';
import { channels, keepAlive } from '../../../core/node/frame-socket.ts';
import type { ApiResponse, UpgradeConnection } from '../http.ts';
import type { NodeStream, PodStream, StreamBroker } from '../streams-contract.ts';
import { logRequest } from './log-options.ts';
import { type BegunStream, begun } from './node-status.ts';
import { acceptWebSocket, chooseProtocol } from './websocket.ts';

const protocols = ['', 'binary.k8s.io', 'base64.binary.k8s.io'];

/** Answers when the node has begun, so that what it cannot give is an HTTP error. */
export async function respondLog(broker: StreamBroker, stream: PodStream): Promise<ApiResponse> {
  const { request } = stream;
  const node = await broker.open(stream.node, logRequest(stream), request.signal);
  const begin = await closeOnFailure(node);
  return {
    status: 200,
    headers: { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' },
    body: bodyOf(node, begin),
  };
}

/** Source: Kubernetes serves logs to WebSocket clients as messages of one channel that has no number. */
export async function upgradeLog(
  broker: StreamBroker,
  stream: PodStream,
  connection: UpgradeConnection,
): Promise<void> {
  const { request } = stream;
  const protocol = chooseProtocol(request, protocols);
  const node = await broker.open(stream.node, logRequest(stream), request.signal);
  const begin = await closeOnFailure(node);
  const socket = await acceptWebSocket(request, connection, protocol).catch((error: unknown) => {
    node.close();
    throw error;
  });
  socket.on('error', () => {});
  keepAlive(socket);
  socket.once('close', () => node.close());
  const send = async () => {
    for await (const chunk of bodyOf(node, begin)) await sendMessage(socket, chunk, protocol.startsWith('base64.'));
  };
  void send().then(
    () => socket.close(1000),
    () => socket.close(1011),
  );
}

async function closeOnFailure(node: NodeStream): Promise<BegunStream> {
  try {
    return await begun(node);
  } catch (error) {
    node.close();
    throw error;
  }
}

/** The log's bytes; the node is told when nobody reads any more. Throws when the node fails or leaves in the middle. */
function bodyOf(node: NodeStream, { first, frames }: BegunStream): AsyncIterable<Uint8Array> {
  let next: Uint8Array | undefined = first;
  const finish = async () => {
    node.close();
    await frames.return?.();
    return { done: true, value: undefined } as const;
  };
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        for (;;) {
          const frame = next;
          next = undefined;
          if (frame && frame.length > 1 && frame[0] === channels.stdout)
            return { done: false, value: frame.subarray(1) };
          // The log failed after its first bytes went out: all that is left is to end it.
          if (frame && frame[0] === channels.error) return finish();
          const result = await frames.next();
          if (result.done) return finish();
          next = result.value;
        }
      },
      return: finish,
    }),
  };
}

function sendMessage(socket: WebSocket, chunk: Uint8Array, base64: boolean): Promise<void> {
  const message = base64 ? Buffer.from(chunk).toString('base64') : chunk;
  return new Promise((resolve, reject) =>
    socket.send(message, { binary: !base64 }, (error) => (error ? reject(error) : resolve())),
  );
}
