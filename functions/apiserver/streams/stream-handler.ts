// The streams of pods behind the API server's edge: each kind in the protocols that clients speak, over the node's own dial-in.

import { badRequest, StatusError } from '../../../core/machinery/status.ts';
import { frameDuplex } from '../../../core/node/frame-duplex.ts';
import { connectPods } from '../../../core/node/pod-connections.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import { isWebSocket } from '../http.ts';
import type { PodStream, StreamHandler } from '../streams-contract.ts';
import { createBroker } from './broker.ts';
import { upgradeCommand } from './command.ts';
import { commandRequest } from './command-request.ts';
import { respondLog } from './log.ts';
import { upgradeLog } from './log-websocket.ts';
import { shareNodes } from './node-shares.ts';
import { upgradePortForward } from './port-forward.ts';
import { isSpdy } from './spdy.ts';

export interface StreamOptions {
  /** The one that the nodes' agents poll. */
  readonly queue: Queue;
  /** How long an agent has to dial in. Default 15 s. */
  readonly dialTimeoutMs?: number;
}

export function createStreamHandler({ queue, dialTimeoutMs = 15_000 }: StreamOptions): StreamHandler {
  const broker = createBroker({ queue, dialTimeoutMs });
  const shares = shareNodes(broker);
  const openerOf = ({ context }: PodStream) => shares.of(context.user.username);
  return {
    async respond(stream) {
      if (stream.kind === 'log') return respondLog(openerOf(stream), stream);
      // What is wrong with the request itself is told before that it lacks an upgrade.
      if (stream.kind !== 'portforward') commandRequest(stream);
      throw badRequest('Upgrade request required: send Connection: Upgrade with Upgrade: websocket or SPDY/3.1');
    },
    async upgrade(stream, connection) {
      const { request } = stream;
      if (!isWebSocket(request) && !(isSpdy(request) && stream.kind !== 'log'))
        throw badRequest(
          `Upgrade: ${JSON.stringify(request.headers['upgrade'] ?? '')} is not served here: ask for ${stream.kind === 'log' ? 'websocket' : 'websocket or SPDY/3.1'}`,
        );
      await run(stream, connection);
    },
    // What is for no user is the API server's own: webhooks and extension servers.
    connect: (port, signal, username) =>
      connectPods(username === undefined ? broker : shares.of(username))(port, signal),
    connectNode: async (node, signal, username = '') =>
      frameDuplex(await shares.of(username).open(node, { type: 'node' }, signal)),
    accept: (node, id, request, connection) => broker.accept(node, id, request, connection),
  };

  /** A client that leaves during the handshake is no failure; what happens before the first byte is the edge's to answer. */
  async function run(stream: PodStream, connection: Parameters<StreamHandler['upgrade']>[1]): Promise<void> {
    const serve = { log: upgradeLog, exec: upgradeCommand, attach: upgradeCommand, portforward: upgradePortForward };
    try {
      await serve[stream.kind](openerOf(stream), stream, connection);
    } catch (error) {
      if (error instanceof StatusError) throw error;
      connection.socket.destroy();
    }
  }
}
