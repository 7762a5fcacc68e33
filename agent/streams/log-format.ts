// Turns a log file's bytes into what a client asked for: which lines, with or without times, how many bytes. Pure.

import { fixedWidth, nanoseconds, parseLogLine } from './log-line.ts';

export interface FormatOptions {
  readonly timestamps: boolean;
  /** Lines from before are left out. Nanoseconds since 1970. */
  readonly since?: bigint;
  readonly stream?: 'stdout' | 'stderr';
  readonly limitBytes?: number;
}

const newline = 0x0a;
const newlineBytes = Buffer.from('\n');

export class LogFormat {
  readonly #options: FormatOptions;
  #rest: Buffer = Buffer.alloc(0);
  #left: number;
  /** Streams of which the last piece went on: their next piece begins no line. */
  readonly #open = new Set<string>();

  constructor(options: FormatOptions) {
    this.#options = options;
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** The limit is reached: nothing more comes out. */
  get done(): boolean {
    return this.#left <= 0;
  }

  /** Bytes of the file in order, cut anywhere. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const out: Uint8Array[] = [];
    let at = 0;
    for (let end = bytes.indexOf(newline); end >= 0 && !this.done; end = bytes.indexOf(newline, at)) {
      this.#line(bytes.subarray(at, end), out);
      at = end + 1;
    }
    // A copy: the caller reads into the same memory again.
    this.#rest = Buffer.from(bytes.subarray(at));
    return Buffer.concat(out);
  }

  /** A new file follows: half a line of the old one is nothing any more. */
  restart(): void {
    this.#rest = Buffer.alloc(0);
  }

  #line(bytes: Buffer, out: Uint8Array[]): void {
    const line = parseLogLine(bytes);
    if (!line) return;
    const { timestamps, since, stream } = this.#options;
    if (stream && line.stream !== stream) return;
    if (since !== undefined && (nanoseconds(line.time) ?? since) < since) return;
    if (timestamps && !this.#open.has(line.stream)) this.#emit(Buffer.from(`${fixedWidth(line.time)} `), out);
    this.#emit(line.text, out);
    if (line.partial) this.#open.add(line.stream);
    else {
      this.#open.delete(line.stream);
      this.#emit(newlineBytes, out);
    }
  }

  #emit(bytes: Uint8Array, out: Uint8Array[]): void {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    if (part.length > 0) out.push(part);
  }
}
