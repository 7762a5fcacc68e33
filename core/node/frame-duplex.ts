// A stream between control plane and agent as one connection: bytes of channel 0 both ways, for protocols that either end speaks itself.

import { Duplex } from 'node:stream';
import { channels, type FrameSocket, frame } from './frame-socket.ts';

/** Fails with the other end's text when it tells one. */
export function frameDuplex(peer: FrameSocket): Duplex {
  const frames = peer.frames[Symbol.asyncIterator]();
  const pull = async (socket: Duplex) => {
    for (;;) {
      const { done, value } = await frames.next();
      if (done || value[0] === channels.close) return socket.push(null);
      if (value[0] === channels.error)
        return socket.destroy(new Error(Buffer.from(value.subarray(1)).toString('utf8')));
      if (value[0] === channels.stdin && value.length > 1) return socket.push(Buffer.from(value.subarray(1)));
    }
  };
  const duplex = new Duplex({
    read() {
      pull(this).catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))));
    },
    write(chunk: Buffer, _encoding, done) {
      peer.send(frame(channels.stdin, chunk)).then(() => done(), done);
    },
    // What was written while a frame was on its way goes together: each may be a request that is paid for.
    writev(chunks, done) {
      const bytes = Buffer.concat(chunks.map(({ chunk }) => chunk));
      peer.send(frame(channels.stdin, bytes)).then(() => done(), done);
    },
    final(done) {
      peer.send(Buffer.from([channels.close, channels.stdin])).then(() => done(), done);
    },
    destroy(error, done) {
      peer.close();
      done(error);
    },
  });
  void peer.deserted().then(() => duplex.destroy());
  return duplex;
}
