// Where in a container's log one has got to, so that a log whose connection was lost goes on without loss and without a line twice. Pure.
//
// Lines come with their times, but not quite in their order: a runtime reads standard output and standard error side by side. So a new
// connection asks for the last moment once more, and of each time as many lines are left out as were given.

import { nanoseconds } from '../../agent/streams/log-line.ts';

export interface LogLine {
  /** RFC 3339, as the node wrote it. */
  readonly time: string;
  readonly text: string;
}

export interface LogCursor {
  /** For `sinceTime`. undefined: nothing came yet. */
  since(): string | undefined;
  /** Begins a connection anew, which sends what was from `since` on. */
  restart(): void;
  /** The whole lines that came with these bytes and are new. */
  push(bytes: Uint8Array): LogLine[];
}

/** How far lines may stand out of order. */
const windowNanoseconds = 1_000_000_000n;
/** What is beyond it of one line is left out: a program that writes no newline must not fill our memory. */
const maxLineBytes = 4 * 1024 * 1024;
const newline = 0x0a;

export function logCursor(): LogCursor {
  let latest: bigint | undefined;
  /** How many lines of each time of the last moment were given, oldest first. */
  const given = new Map<bigint, number>();
  /** Of those, how many this connection has yet to repeat. */
  let repeated = new Map<bigint, number>();
  let rest: Buffer = Buffer.alloc(0);

  const isNew = (time: bigint): boolean => {
    const left = repeated.get(time) ?? 0;
    if (left > 0) {
      repeated.set(time, left - 1);
      return false;
    }
    // Older than the window: a server that counts in seconds sends it again.
    if (repeated.size > 0 && latest !== undefined && time < latest - windowNanoseconds) return false;
    return true;
  };
  const note = (time: bigint) => {
    given.set(time, (given.get(time) ?? 0) + 1);
    if (latest !== undefined && time <= latest) return;
    latest = time;
    for (const each of given.keys()) {
      if (each >= time - windowNanoseconds) break;
      given.delete(each);
    }
  };
  const take = (line: string): LogLine[] => {
    const space = line.indexOf(' ');
    const time = space < 0 ? line : line.slice(0, space);
    const at = nanoseconds(time);
    if (at === undefined || !isNew(at)) return [];
    note(at);
    return [{ time, text: space < 0 ? '' : line.slice(space + 1) }];
  };

  return {
    since: () => (latest === undefined ? undefined : timeText(latest - windowNanoseconds)),
    restart() {
      repeated = new Map(given);
      rest = Buffer.alloc(0);
    },
    push(bytes) {
      const all = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes]);
      const lines: LogLine[] = [];
      let from = 0;
      for (let end = all.indexOf(newline); end >= 0; end = all.indexOf(newline, from)) {
        lines.push(...take(all.subarray(from, end).toString()));
        from = end + 1;
      }
      rest = all.subarray(from, from + maxLineBytes);
      return lines;
    },
  };
}

function timeText(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(time % 1_000_000_000n).padStart(9, '0')}Z`;
}
