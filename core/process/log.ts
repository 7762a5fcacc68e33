// A process's log: one JSON line an event, with pino's field names and levels so that its tools read it. Ours, since the library
// takes two megabytes in each thread, and ten of an idle node.

import { writeSync } from 'node:fs';

const levels = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
type Level = keyof typeof levels;

export type Log = Readonly<Record<Level, (fields: object, text: string) => void>> & {
  readonly level: Level;
  isLevelEnabled(level: string): boolean;
};

/** What most parts need of one. */
export type EventLog = Pick<Log, 'info' | 'warn' | 'error'>;

/** `level`: the least that is written; a word that is none of ours means `info`. `err` in the fields is written with its stack. */
export function createLog(level = 'info', write: (line: string) => void = writeLine): Log {
  const least: Level = isLevel(level) ? level : 'info';
  const isLevelEnabled = (name: string) => isLevel(name) && levels[name] >= levels[least];
  const at = (name: Level) => (fields: object, text: string) => {
    if (!isLevelEnabled(name)) return;
    write(`${JSON.stringify({ level: levels[name], time: Date.now(), ...fields, msg: text }, plainErrors)}\n`);
  };
  return {
    level: least,
    isLevelEnabled,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  };
}

function isLevel(name: string): name is Level {
  return Object.hasOwn(levels, name);
}

function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value;
}

/** At once: a line about why the process ends must not be lost with it. A reader that is gone is no reason to fail. */
export function writeLine(line: string): void {
  try {
    writeSync(1, line);
  } catch {
    // Nobody reads.
  }
}
