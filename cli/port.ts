// A port, as a flag gives it.

import { CommandLineError } from '../core/process/command-line.ts';

export function port(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65536) return value;
  throw new CommandLineError(`${flag}: give a number from 1 to 65535, not ${JSON.stringify(text)}`);
}
