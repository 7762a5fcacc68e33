// exec and attach over WebSocket. Source: KEP-4006 (v5), Kubernetes' remotecommand subprotocols v4 and older.

import type { Status } from '../../../core/machinery/status.ts';
import { channels, frame, frameSocket } from '../../../core/node/frame-socket.ts';
import type { RoutedRequest, UpgradeConnection } from '../http.ts';
import type { CommandClient } from './command-client.ts';
import { heldBy } from './held-bytes.ts';
import { acceptWebSocket } from './websocket.ts';

export const webSocketCommandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;

export async function openWebSocketCommand(
  request: RoutedRequest,
  connection: UpgradeConnection,
  protocol: string,
): Promise<CommandClient> {
  const socket = await acceptWebSocket(request, connection, protocol, true);
  const base64 = protocol.includes('base64');
  // Before version 4 the error channel carries a text, and nothing on success.
  const statuses = protocol.startsWith('v');
  const { frames, send, close } = frameSocket(socket, { received: connection.socket, account: heldBy(request) });
  const write = async (channel: number, data: Uint8Array | string) => {
    if (!base64) return send(frame(channel, data));
    const text = `${channel}${Buffer.from(data).toString('base64')}`;
    return new Promise<void>((resolve, reject) =>
      socket.send(text, { binary: false }, (error) => (error ? reject(error) : resolve())),
    );
  };
  // Clients wait for a first message to know that the stream stands.
  await write(channels.stdout, '').catch(() => undefined);
  return {
    frames: base64 ? decoded(frames) : frames,
    send: write,
    async finish(status: Status) {
      const text = statuses ? JSON.stringify(status) : status.status === 'Success' ? '' : (status.message ?? '');
      if (text !== '') await write(channels.error, text).catch(() => undefined);
      // A v5 client takes any other code than 1000 for a failure.
      close();
    },
  };
}

/** The channel is a digit, the rest base64. */
async function* decoded(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const each of frames) {
    const text = Buffer.from(each).toString('latin1');
    yield frame(Number(text[0]), Buffer.from(text.slice(1), 'base64'));
  }
}
