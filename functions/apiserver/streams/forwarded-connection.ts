// One forwarded TCP connection: bytes between the client's stream and the node's.

import { channels, frame } from '../../../core/node/frame-socket.ts';
import type { NodeStream } from '../../../core/node/node-stream.ts';

export interface ForwardedEnd {
  /** Ends when the client sends no more. */
  readonly data: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
  /** The pod sends no more. */
  end(): void;
  /** Tells the client what went wrong. */
  fail(text: string): void;
}

/** Resolves when both directions are over, or either end left. */
export async function carryConnection(node: NodeStream, client: ForwardedEnd): Promise<void> {
  const toNode = async () => {
    for await (const chunk of client.data) await node.send(frame(channels.stdin, chunk));
    await node.send(Buffer.from([channels.close, channels.stdin]));
  };
  // A client that breaks off instead of ending reaches the node as the end of its stream.
  void toNode().catch(() => node.close());
  try {
    for await (const each of node.frames) {
      const data = each.subarray(1);
      if (each[0] === channels.stdin && data.length > 0) await client.write(data);
      else if (each[0] === channels.error) client.fail(Buffer.from(data).toString('utf8'));
      else if (each[0] === channels.close) client.end();
    }
  } catch {
    // The client has gone.
  } finally {
    client.end();
    node.close();
  }
}

export function validPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}
