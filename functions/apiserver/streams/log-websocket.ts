// `log` as messages of a WebSocket. Source: Kubernetes serves logs to WebSocket clients as messages of one channel without a number.

import type { WebSocket } from 'ws';
import { keepAlive } from '../../../core/node/frame-socket.ts';
import type { StreamOpener } from '../../../core/node/node-stream.ts';
import type { UpgradeConnection } from '../http.ts';
import type { PodStream } from '../streams-contract.ts';
import { openLog } from './log.ts';
import { acceptWebSocket, chooseProtocol } from './websocket.ts';

const protocols = ['', 'binary.k8s.io', 'base64.binary.k8s.io'];

/** Resolves when the log is on its way. */
export async function upgradeLog(
  opener: StreamOpener,
  stream: PodStream,
  connection: UpgradeConnection,
): Promise<void> {
  const { request } = stream;
  const protocol = chooseProtocol(request, protocols);
  const log = await openLog(opener, stream);
  const socket = await acceptWebSocket(request, connection, protocol).catch((error: unknown) => {
    log.close();
    throw error;
  });
  socket.on('error', () => {});
  keepAlive(socket);
  socket.once('close', () => log.close());
  const send = async () => {
    for await (const chunk of log.body) await sendMessage(socket, chunk, protocol.startsWith('base64.'));
  };
  void send().then(
    () => socket.close(1000),
    () => socket.close(1011),
  );
}

function sendMessage(socket: WebSocket, chunk: Uint8Array, base64: boolean): Promise<void> {
  const message = base64 ? Buffer.from(chunk).toString('base64') : chunk;
  return new Promise((resolve, reject) =>
    socket.send(message, { binary: !base64 }, (error) => (error ? reject(error) : resolve())),
  );
}
