// A moment on the command line: a time, how long ago, or a revision.

import { readDuration } from '../../core/machinery/time.ts';
import { CommandLineError } from '../../core/process/command-line.ts';
import { readHistory } from '../../core/store/history.ts';

/** As the API takes it: RFC 3339, or the digits of a revision. */
export function readMoment(flag: string, text: string, now: Date): string {
  if (/^[0-9]+$/.test(text)) return text;
  const ago = readHistory(text) ?? readDuration(text);
  if (ago !== undefined && ago >= 0) return new Date(now.getTime() - ago).toISOString();
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new CommandLineError(
    `${flag}: give a time such as 2026-01-31T12:00:00Z, how long ago, such as 15m, or a revision, not ${JSON.stringify(text)}`,
  );
}
