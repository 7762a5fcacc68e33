// `exec` and `attach`: the frames between a client and the node.

import { type Status, StatusError } from '../../../core/machinery/status.ts';
import { channels } from '../../../core/node/frame-socket.ts';
import type { NodeStream, StreamOpener } from '../../../core/node/node-stream.ts';
import { isWebSocket, type RoutedRequest, type UpgradeConnection } from '../http.ts';
import type { PodStream } from '../streams-contract.ts';
import type { CommandClient, CommandRequest } from './command-client.ts';
import { commandRequest } from './command-request.ts';
import { openSpdyCommand, spdyCommandVersions } from './command-spdy.ts';
import { openWebSocketCommand, webSocketCommandProtocols } from './command-websocket.ts';
import { heldBy } from './held-bytes.ts';
import { type BegunStream, begun, nodeStatus } from './node-status.ts';
import { chooseVersion } from './spdy.ts';
import { chooseProtocol } from './websocket.ts';

/** The client is answered once the node has begun, so that what cannot be run is an HTTP error. Resolves when the command runs. */
export async function upgradeCommand(
  opener: StreamOpener,
  stream: PodStream,
  connection: UpgradeConnection,
): Promise<void> {
  const { request } = stream;
  const wanted = commandRequest(stream);
  const open = async () => ({ wanted, node: await opener.open(stream.node, wanted, request.signal) });
  await carryCommand(request, connection, open);
}

/** The same, wherever the command comes from that is allowed. */
export async function carryCommand(
  request: RoutedRequest,
  connection: UpgradeConnection,
  open: () => Promise<{ readonly wanted: CommandRequest; readonly node: NodeStream }>,
): Promise<void> {
  const webSocket = isWebSocket(request);
  const version = webSocket
    ? chooseProtocol(request, webSocketCommandProtocols)
    : chooseVersion(request, spdyCommandVersions, 'channel.k8s.io');
  const { wanted, node } = await open();
  try {
    const begin = await begun(node);
    const client = webSocket
      ? await openWebSocketCommand(request, connection, version)
      : await openSpdyCommand(connection, version, heldBy(request), wanted);
    void bridge(node, begin, client).finally(() => node.close());
  } catch (error) {
    node.close();
    throw error;
  }
}

/** Never rejects. */
async function bridge(node: NodeStream, { first, frames }: BegunStream, client: CommandClient): Promise<void> {
  const fromClient = async () => {
    for await (const frame of client.frames) await node.send(frame);
  };
  // Without its client the command has nobody to speak to, and the node's end is closed.
  void fromClient()
    .catch(() => undefined)
    .finally(() => node.close());
  let status: Status | undefined;
  try {
    let frame: Uint8Array | undefined = first;
    while (frame) {
      const channel = frame[0];
      if (channel === channels.stdout || channel === channels.stderr) {
        if (frame.length > 1) await client.send(channel, frame.subarray(1));
      } else if (channel === channels.error) status = nodeStatus(frame.subarray(1));
      const result: IteratorResult<Uint8Array> = await frames.next();
      frame = result.done ? undefined : result.value;
    }
  } catch {
    // The client has gone: there is nobody to tell.
    await frames.return?.();
  }
  await client.finish(
    status ?? new StatusError('InternalError', 'the connection to the node was lost before the command ended').status,
  );
}
