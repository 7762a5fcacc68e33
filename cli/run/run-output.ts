// What a run says: its command's output as it is, and on standard error what the run itself has to tell; or all of it as JSON, a line each.

import { once } from 'node:events';
import type { LogLine } from './log-cursor.ts';

export interface RunOutput {
  /** `from`: the pod and container, where there are several. */
  log(from: string | undefined, line: LogLine): Promise<void> | void;
  say(text: string): void;
  result(result: RunResult): void;
}

export interface RunResult {
  readonly namespace: string;
  readonly job: string;
  readonly exitCode: number;
  readonly message?: string;
}

export interface RunOutputOptions {
  readonly json: boolean;
  readonly timestamps: boolean;
  /** Nothing but the log, and what goes wrong. */
  readonly quiet: boolean;
}

type Sink = Pick<NodeJS.WriteStream, 'write' | 'once' | 'on' | 'off'>;

export function runOutput({ json, timestamps, quiet }: RunOutputOptions, out: Sink, err: Sink): RunOutput {
  let closed = false;
  // Who reads us has enough, such as `head`. The run goes on: its exit code counts.
  out.on('error', () => {
    closed = true;
  });
  const write = (text: string): Promise<void> | void => {
    if (closed || out.write(text)) return;
    const stop = new AbortController();
    const gone = () => stop.abort();
    out.once('error', gone);
    // as: every writable stream is an emitter.
    return once(out as NodeJS.WriteStream, 'drain', { signal: stop.signal })
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => out.off('error', gone));
  };
  const line = (value: object) => write(`${JSON.stringify(value)}\n`);
  return {
    log(from, { time, text }) {
      if (json) return line({ type: 'log', time, ...(from !== undefined && { from }), line: text });
      return write(`${timestamps ? `${time} ` : ''}${from === undefined ? '' : `[${from}] `}${text}\n`);
    },
    say(text) {
      if (json) void line({ type: 'status', message: text });
      else if (!quiet) err.write(`zeroplane: ${text}\n`);
    },
    result(result) {
      if (json) void line({ type: 'result', ...result });
      else if (result.message !== undefined) err.write(`zeroplane: ${result.message}\n`);
    },
  };
}
