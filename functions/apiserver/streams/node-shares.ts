// How many streams a node carries at once, shared out among whom they are for: each is a connection of its agent, and an address has only
// so many (connections.ts).

import { StatusError } from '../../../core/machinery/status.ts';
import type { NodeStream, StreamOpener } from '../../../core/node/node-stream.ts';
import { createShares, type Shares } from '../../../core/process/shares.ts';

/** Of a node. One user may have a quarter of what the others leave free: 256 where there are none. */
const streamsOfNode = 1280;

export interface NodeShares {
  /** What opens streams for one user. */
  of(username: string): StreamOpener;
}

export function shareNodes(opener: StreamOpener, total = streamsOfNode): NodeShares {
  const nodes = new Map<string, Shares>();
  const release = (node: string, shares: Shares, username: string) => {
    shares.release(username, 1);
    if (shares.used === 0) nodes.delete(node);
  };
  return {
    of: (username) => ({
      async open(node, request, signal) {
        const shares = nodes.get(node) ?? createShares(total);
        if (!shares.take(username, 1)) throw tooManyStreams(node);
        nodes.set(node, shares);
        let held = true;
        const end = () => {
          if (held) release(node, shares, username);
          held = false;
        };
        try {
          return endingStream(await opener.open(node, request, signal), end);
        } catch (error) {
          end();
          throw error;
        }
      },
    }),
  };
}

function endingStream(stream: NodeStream, end: () => void): NodeStream {
  return {
    frames: stream.frames,
    send: (frame) => stream.send(frame),
    deserted: () => stream.deserted(),
    close() {
      end();
      stream.close();
    },
  };
}

function tooManyStreams(node: string): StatusError {
  return new StatusError(
    'TooManyRequests',
    `Too many requests, please try again later: you have as many logs, commands and connections open on node ${node} as one user may have beside the others.`,
    { retryAfterSeconds: 10 },
  );
}
