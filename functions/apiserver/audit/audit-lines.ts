// The audit log where it goes out with a process' own lines: many events in one write, after the requests that they are about.

import type { AuditSink } from './audit.ts';

export interface AuditLines extends AuditSink {
  /** Writes what waits: before the process ends, or stands still as a function does between two invocations. */
  flush(): void;
}

/** Characters that wait, at most. */
const maxWaiting = 256 * 1024;

/** `write` gets whole lines, and has written them when it returns. */
export function openAuditLines(write: (text: string) => void): AuditLines {
  let waiting: string[] = [];
  let size = 0;
  let scheduled: NodeJS.Immediate | undefined;
  const flush = () => {
    clearImmediate(scheduled);
    scheduled = undefined;
    if (waiting.length === 0) return;
    const text = waiting.join('');
    waiting = [];
    size = 0;
    write(text);
  };
  return {
    write(line) {
      waiting.push(`${line}\n`);
      size += line.length;
      if (size >= maxWaiting) flush();
      else scheduled ??= setImmediate(flush);
    },
    flush,
  };
}

/** On standard output, which takes what is written to a pipe or a file at once. */
export function auditOutput(): AuditLines {
  return openAuditLines((text) => void process.stdout.write(text));
}
