// Connections to pods over their nodes.

import type { Duplex } from 'node:stream';
import { frameDuplex } from './frame-duplex.ts';
import type { ConnectPod, StreamOpener } from './node-stream.ts';
import type { RelayBroker } from './relay-broker.ts';
import { unavailable } from './unreachable-node.ts';

export function connectPods(opener: StreamOpener): ConnectPod {
  return async ({ node, ...port }, signal) =>
    frameDuplex(await opener.open(node, { type: 'connect', ...port }, signal));
}

export interface PassingConnections {
  readonly connect: ConnectPod;
  /** Ends those that are open, and resolves when their nodes can know. Never rejects. */
  end(): Promise<void>;
}

/** For a process that stands still between one piece of work and the next: kept connections would cost, and be over by then. */
export function passingConnections(broker: RelayBroker): PassingConnections {
  const open = new Set<Duplex>();
  let work = 0;
  const connect = connectPods(broker);
  return {
    async connect(port, signal) {
      const begun = work;
      const connection = await connect(port, signal);
      if (begun !== work) {
        connection.destroy();
        throw unavailable('what the connection was for has ended');
      }
      open.add(connection);
      connection.once('close', () => open.delete(connection));
      return connection;
    },
    async end() {
      work += 1;
      for (const each of open) each.destroy();
      await broker.settled();
    },
  };
}
