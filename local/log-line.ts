// A line of a log, for people: what of JSON nobody reads is left out.

import { jsonObject } from '../core/machinery/json.ts';

const names: ReadonlyMap<unknown, string> = new Map([
  [20, 'debug'],
  [30, 'info'],
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);

export function logLine(line: string): string {
  const found = jsonObject(line);
  if (!found) return plain(line);
  const {
    level,
    time,
    msg,
    err,
    part: _,
    ...more
  } = {
    ...{ level: undefined, time: undefined, msg: undefined, err: undefined, part: undefined },
    ...found,
  };
  if (msg === undefined || typeof time !== 'number' || !(Math.abs(time) < 8e15)) return plain(line);
  const { message, stack } = errorOf(err);
  const fields = Object.entries(more).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const why = message === undefined ? '' : `: ${message}`;
  const head = `${new Date(time).toISOString()} ${(names.get(level) ?? '').padEnd(5)} ${msg}${why}`;
  const first = plain([head, ...fields].join(' '));
  // Where it came from, for who has to mend it.
  const frames = typeof stack === 'string' && Number(level) >= 50 ? stack.split('\n').slice(1).map(plain) : [];
  return [first, ...frames].join('\n');
}

/** As core/process/log.ts writes one. */
function errorOf(err: unknown): { readonly message?: unknown; readonly stack?: unknown } {
  return typeof err === 'object' && err !== null ? err : {};
}

/** What pods and clients send stands in logs, too: no terminal is to obey it. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => (sign === '\t' ? sign : ' '));
}
