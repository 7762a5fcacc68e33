// The agent's log: one JSON line an event. Ours, since a logging library takes ten megabytes that an idle node would rather keep.

export interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** pino's field names and levels, so that its tools read it. */
export function createLog(write: (line: string) => void, now: () => number): Log {
  const at = (level: number) => (fields: object, text: string) =>
    write(`${JSON.stringify({ level, time: now(), ...fields, msg: text })}\n`);
  return { info: at(30), warn: at(40), error: at(50) };
}
