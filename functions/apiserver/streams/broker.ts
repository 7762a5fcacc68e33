// Brings a client and a node's agent together: a message on the node's queue, then the agent's WebSocket (D5: nothing dials a node).

import { randomUUID } from 'node:crypto';
import { StatusError } from '../../../core/machinery/status.ts';
import { frameSocket } from '../../../core/node/frame-socket.ts';
import type { NodeStream } from '../../../core/node/node-stream.ts';
import type { NodeMessage } from '../../../core/node/protocol.ts';
import { refused, unanswered, unavailable } from '../../../core/node/unreachable-node.ts';
import { type Queue, QueueError } from '../../../core/queue/queue.ts';
import type { StreamBroker } from '../streams-contract.ts';
import { acceptWebSocket, chooseProtocol } from './websocket.ts';

export interface BrokerOptions {
  readonly queue: Queue;
  /** How long an agent has to dial in. */
  readonly dialTimeoutMs: number;
}

interface Waiting {
  readonly node: string;
  take(stream: NodeStream): void;
}

export function createBroker({ queue, dialTimeoutMs }: BrokerOptions): StreamBroker {
  const waiting = new Map<string, Waiting>();
  return {
    async open(node, request, signal) {
      const id = randomUUID();
      const message: NodeMessage = { kind: 'stream', id, request };
      let stop: () => void = () => {};
      const dialled = new Promise<NodeStream>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(unanswered(node, dialTimeoutMs));
        }, dialTimeoutMs);
        const leave = () => reject(unavailable('the client has gone'));
        stop = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', leave);
          waiting.delete(id);
        };
        waiting.set(id, { node, take: resolve });
        if (signal?.aborted) leave();
        else signal?.addEventListener('abort', leave, { once: true });
      });
      // Sending may fail while the time-out runs out: the first failure is the answer.
      dialled.catch(() => undefined);
      try {
        await queue.send(`node-${node}`, JSON.stringify(message));
        return await dialled;
      } catch (error) {
        if (error instanceof QueueError) throw refused(error, node);
        throw error;
      } finally {
        stop();
      }
    },

    async accept(node, id, request, connection) {
      const waiter = waiting.get(id);
      if (!waiter || waiter.node !== node)
        throw new StatusError('NotFound', `no client waits for stream ${JSON.stringify(id)} of node ${node}`);
      const protocol = chooseProtocol(request, []);
      waiting.delete(id);
      waiter.take(frameSocket(await acceptWebSocket(request, connection, protocol)));
    },
  };
}
