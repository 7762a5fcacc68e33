// Where in a log file to begin, found without reading what lies before: a tail from the end, a time by halving.

import { nanoseconds, parseLogLine } from './log-line.ts';

/** A file, or anything that can be read at a place. Gives fewer bytes only at its end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

const blockBytes = 64 * 1024;
/** Above any line of a runtime (16 KiB of text): what has no newline for so long is no log. */
const maxLineBytes = 1024 * 1024;
const newline = 0x0a;

/** Offset of the last `lines` lines, a line being what the container ended with a newline. */
export async function tailStart(read: ReadAt, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size;
  let found = 0;
  for await (const { bytes, end } of linesBackward(read, size)) {
    // A piece that goes on belongs to the line whose end was met before, unless nothing follows yet.
    if (found > 0 && parseLogLine(bytes)?.partial === true) continue;
    if (found === lines) return end + 1;
    found += 1;
  }
  return 0;
}

/** The lines of the file, last first; `end` is the offset of the newline behind it. */
async function* linesBackward(read: ReadAt, size: number): AsyncGenerator<{ bytes: Buffer; end: number }> {
  // The beginning of the block before, which may be the end of a line of this one.
  let carry: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - blockBytes);
    const bytes = Buffer.concat([await read(from, end - from), carry]);
    let stop = bytes.length;
    while (stop > 0) {
      const at = bytes.lastIndexOf(newline, stop - 1);
      if (at < 0) break;
      if (at + 1 < stop) yield { bytes: bytes.subarray(at + 1, stop), end: from + stop };
      stop = at;
    }
    carry = bytes.subarray(0, stop);
    if (carry.length > maxLineBytes) return;
    end = from;
  }
  if (carry.length > 0) yield { bytes: carry, end: carry.length };
}

/** Offset at or before the first line from `since` on: the lines behind it are looked at one by one. */
export async function sinceStart(read: ReadAt, size: number, since: bigint): Promise<number> {
  let low = 0;
  let high = size;
  while (high - low > blockBytes) {
    const middle = Math.floor((low + high) / 2);
    const line = await lineAfter(read, middle, high);
    if (!line || line.time >= since) high = middle;
    else low = line.start;
  }
  return low;
}

async function lineAfter(read: ReadAt, from: number, to: number): Promise<{ start: number; time: bigint } | undefined> {
  const bytes = await read(from, Math.min(blockBytes, to - from));
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) {
    const end = bytes.indexOf(newline, at + 1);
    if (end < 0) return undefined;
    const time = nanoseconds(parseLogLine(bytes.subarray(at + 1, end))?.time ?? '');
    if (time !== undefined) return { start: from + at + 1, time };
  }
  return undefined;
}
