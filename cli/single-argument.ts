// The one argument of a command that takes one.

import { CommandLineError } from '../core/process/command-line.ts';

export function single(args: readonly string[]): string {
  const [only = '', more] = args;
  if (more !== undefined) throw new CommandLineError(`unexpected argument ${JSON.stringify(more)}: one is enough`);
  return only;
}
