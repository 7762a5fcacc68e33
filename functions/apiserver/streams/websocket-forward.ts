// The older port-forward over WebSocket: for the i-th port of the query, channel 2i carries data and 2i+1 errors; each begins with the
// port in two bytes, low byte first.

import type { WebSocket } from 'ws';
import { errorText } from '../../../core/machinery/error-text.ts';
import { badRequest } from '../../../core/machinery/status.ts';
import { ByteQueue } from '../../../core/node/byte-queue.ts';
import { type Counted, frame, frameSocket } from '../../../core/node/frame-socket.ts';
import type { NodeStream } from '../../../core/node/node-stream.ts';
import type { Query } from '../query.ts';
import { carryConnection, validPort } from './forwarded-connection.ts';

/** The query's. Throws BadRequest. */
export function portsOf(query: Query): number[] {
  const ports = query.ports('ports');
  if (ports.length === 0)
    throw badRequest('ports: a WebSocket port-forward names its ports in the query, such as ?ports=80');
  if (ports.length > 127) throw badRequest('ports: at most 127 fit the channels of one connection');
  if (!ports.every(validPort)) throw badRequest('ports: 0 is no port: name one of 1 to 65535');
  return ports;
}

/** Resolves when all connections are over, or the client left. */
export async function channelForward(
  socket: WebSocket,
  counted: Counted,
  ports: readonly number[],
  base64: boolean,
  open: (port: number) => Promise<NodeStream>,
): Promise<void> {
  const { frames, send, close } = frameSocket(socket, counted);
  const write = (channel: number, data: Uint8Array | string): Promise<void> => {
    if (!base64) return send(frame(channel, data));
    // Channels above 9 go on in the alphabet of characters, as the digits do.
    const text = String.fromCharCode(48 + channel) + Buffer.from(data).toString('base64');
    return new Promise((resolve, reject) =>
      socket.send(text, { binary: false }, (error) => (error ? reject(error) : resolve())),
    );
  };
  const inputs = ports.map(() => new ByteQueue(64 * 1024));
  const receive = async () => {
    for await (const each of frames) {
      const channel = base64 ? (each[0] ?? 0) - 48 : (each[0] ?? 0);
      const data = each.subarray(1);
      const input = channel % 2 === 0 ? inputs[channel / 2] : undefined;
      if (!input || data.length === 0) continue;
      input.push(base64 ? Buffer.from(Buffer.from(data).toString('latin1'), 'base64') : data);
      await input.room();
    }
  };
  const connections = ports.map(async (port, i) => {
    const input = inputs[i];
    if (!input) return;
    const head = Buffer.from([port & 255, port >> 8]);
    const fail = (text: string) => {
      write(2 * i + 1, text).catch(() => undefined);
    };
    await write(2 * i, head);
    await write(2 * i + 1, head);
    try {
      const node = await open(port);
      await carryConnection(node, { data: input, write: (chunk) => write(2 * i, chunk), end: () => {}, fail });
    } catch (failure) {
      fail(errorText(failure));
    }
  });
  void receive()
    .catch(() => undefined)
    .finally(() => {
      for (const input of inputs) input.fail(new Error('the client has gone'));
    });
  await Promise.allSettled(connections);
  close();
}
