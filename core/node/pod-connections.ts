// Connections to pods over their nodes.

import type { Duplex } from 'node:stream';
import { frameDuplex } from './frame-duplex.ts';
import type { ConnectPod, StreamOpener } from './node-stream.ts';
import type { RelayBroker } from './relay-broker.ts';

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
  const connect = connectPods(broker);
  return {
    async connect(port, signal) {
      const connection = await connect(port, signal);
      open.add(connection);
      connection.once('close', () => open.delete(connection));
      return connection;
    },
    async end() {
      for (const each of open) each.destroy();
      await broker.settled();
    },
  };
}
