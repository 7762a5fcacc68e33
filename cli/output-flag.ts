// `-o json`: the same flag for every command (command.ts).

import { CommandLineError } from '../core/process/command-line.ts';

export const outputFlag = { output: { value: 'format', short: 'o', help: 'text or json', default: 'text' } } as const;

export function isJson(output: string): boolean {
  if (output === 'json' || output === 'text') return output === 'json';
  throw new CommandLineError(`--output: give text or json, not ${JSON.stringify(output)}`);
}
