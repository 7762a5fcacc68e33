// One client's watch: what it got from the API when it was opened, then what its follow finds.

import type { IncomingMessage } from 'node:http';
import { cutOff, type EdgeResponse, write } from './answers.ts';

/** What may wait for a client that does not read. It is cut off then, and lists anew. */
const mostWaitingBytes = 8 * 1024 * 1024;

export class Watcher {
  readonly #response: EdgeResponse;
  readonly #timer: NodeJS.Timeout;
  /** What came while the opening was still on its way; undefined once that is over. */
  #held: Buffer[] | undefined;
  #waiting = 0;
  #ending = false;

  /** `ended`: called once, when the client has gone or was sent away. */
  constructor(response: EdgeResponse, timeoutMs: number, ended: () => void) {
    this.#response = response;
    // Longer than a timer can wait is as good as for ever.
    this.#timer = setTimeout(() => this.end(), Math.min(timeoutMs, 2 ** 31 - 1));
    response.once('close', () => {
      clearTimeout(this.#timer);
      ended();
    });
  }

  /** The answer that opens it comes first, whatever is found meanwhile. It is read as fast as the client takes it. */
  openWith(answer: IncomingMessage): void {
    const response = this.#response;
    this.#held = [];
    answer.on('data', (chunk: Buffer) => {
      if (write(response, chunk)) return;
      answer.pause();
      response.once('drain', () => answer.resume());
    });
    answer.once('error', () => cutOff(response));
    answer.once('close', () => {
      if (!answer.complete) return cutOff(response);
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const chunk of held) this.#send(chunk);
      if (this.#ending) response.end();
    });
    response.once('close', () => answer.destroy());
  }

  push(chunk: Buffer): void {
    if (this.#ending) return;
    this.#waiting += chunk.length;
    if (this.#waiting > mostWaitingBytes) cutOff(this.#response);
    else if (this.#held) this.#held.push(chunk);
    else this.#send(chunk);
  }

  /** As a watch that has lasted long enough: its client goes on with another one. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    clearTimeout(this.#timer);
    if (!this.#held) this.#response.end();
  }

  #send(chunk: Buffer): void {
    write(this.#response, chunk, () => {
      this.#waiting -= chunk.length;
    });
  }
}
