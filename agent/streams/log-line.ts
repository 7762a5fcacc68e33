// One line of a container's log file. Source: CRI logging format: `TIME STREAM TAG TEXT`, TAG `F` (the line ends here) or `P` (it goes on).

export interface LogLine {
  /** RFC 3339 with up to nine digits of a second, as the runtime wrote it. */
  readonly time: string;
  readonly stream: string;
  /** The line goes on in the next one of the same stream. */
  readonly partial: boolean;
  readonly text: Uint8Array;
}

const space = 0x20;

/** `bytes` without the newline. Undefined for what is no log line: a machine that lost power may leave half a one. */
export function parseLogLine(bytes: Buffer): LogLine | undefined {
  const first = bytes.indexOf(space);
  const second = bytes.indexOf(space, first + 1);
  if (first < 1 || second < 0) return undefined;
  const third = bytes.indexOf(space, second + 1);
  // An empty line may come without the last space.
  const end = third < 0 ? bytes.length : third;
  const stream = bytes.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  return {
    time: bytes.toString('latin1', 0, first),
    stream,
    partial: bytes[second + 1] === 0x50,
    text: bytes.subarray(Math.min(end + 1, bytes.length)),
  };
}

/** Nanoseconds since 1970. Undefined for what is no RFC 3339 time. */
export function nanoseconds(time: string): bigint | undefined {
  const match = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/i.exec(time);
  if (!match) return undefined;
  const [, seconds = '', fraction = '', zone = ''] = match;
  const milliseconds = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** With nine digits of a second, as Kubernetes shows log times: they sort and line up. */
export function fixedWidth(time: string): string {
  return time.replace(/(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i, (_, fraction: string | undefined, zone: string) => {
    return `.${(fraction ?? '').padEnd(9, '0')}${zone}`;
  });
}
