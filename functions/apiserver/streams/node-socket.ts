// A node's forwarded connection as a socket, for protocols that the API server speaks to pods itself.

import { Duplex } from 'node:stream';
import { channels, frame } from '../../../core/node/frame-socket.ts';
import type { NodeStream } from '../streams-contract.ts';

/** Fails with the node's text when the port cannot be reached. */
export function nodeSocket(node: NodeStream): Duplex {
  const frames = node.frames[Symbol.asyncIterator]();
  const pull = async (socket: Duplex) => {
    for (;;) {
      const { done, value } = await frames.next();
      if (done || value[0] === channels.close) return socket.push(null);
      if (value[0] === channels.error)
        return socket.destroy(new Error(Buffer.from(value.subarray(1)).toString('utf8')));
      if (value[0] === channels.stdin && value.length > 1) return socket.push(Buffer.from(value.subarray(1)));
    }
  };
  return new Duplex({
    read() {
      pull(this).catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))));
    },
    write(chunk: Buffer, _encoding, done) {
      node.send(frame(channels.stdin, chunk)).then(() => done(), done);
    },
    final(done) {
      node.send(Buffer.from([channels.close, channels.stdin])).then(() => done(), done);
    },
    destroy(error, done) {
      node.close();
      done(error);
    },
  });
}
