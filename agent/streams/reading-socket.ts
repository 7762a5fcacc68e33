// A TCP connection that is read to its end. Node destroys a socket when a write to it fails, and with it what its peer sent before it left:
// a command that ended before its input came would end without its output and its exit code.

import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/** Writes that fail are told to be so once everything was read; until then more of them wait. */
export class ReadingSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, (error) => this.#written(error, done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    super._writev?.(chunks, (error) => this.#written(error, done));
  }

  #written(error: Error | null | undefined, done: Done): void {
    if (!error || this.readableEnded || this.destroyed) {
      done(error);
      return;
    }
    const over = () => {
      this.off('end', over).off('close', over);
      done(error);
    };
    this.on('end', over).on('close', over);
  }
}
