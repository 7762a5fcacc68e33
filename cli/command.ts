// A command of a program, and how one is found among several: by the words that its line begins with.

import {
  type CommandLine,
  CommandLineAnswer,
  CommandLineError,
  columns,
  type Flags,
  type Given,
  readCommandLine,
} from '../core/process/command-line.ts';
import { version } from '../core/process/version.ts';

export interface Command {
  /** `zeroplane keys rotate`: the program's name, then its own words. */
  readonly name: string;
  readonly description: string;
  run(args: readonly string[]): Promise<void>;
}

export function command<const F extends Flags>(
  line: CommandLine<F>,
  work: (given: Given<F>) => Promise<void> | void,
): Command {
  return { ...line, run: async (args) => work(readCommandLine(line, args)) };
}

/** Throws CommandLineError and CommandLineAnswer, and what the command throws. */
export async function runCommand(
  program: { readonly name: string; readonly description: string; readonly commands: readonly Command[] },
  args: readonly string[],
): Promise<void> {
  const { name, commands } = program;
  const wordsOf = (each: Command) => each.name.split(' ').slice(name.split(' ').length);
  const found = commands.find((each) => wordsOf(each).every((word, at) => args[at] === word));
  if (found) return found.run(args.slice(wordsOf(found).length));
  const [first] = args;
  if (first === '--version') throw new CommandLineAnswer(version);
  const help = `${name} COMMAND [flags]\n\n${program.description}\n\n${columns(
    commands.map((each) => [wordsOf(each).join(' '), each.description]),
  )}\n\n\`${name} COMMAND --help\` says what a command takes.`;
  if (args.some((each) => each === '--help' || each === '-h') || first === 'help') throw new CommandLineAnswer(help);
  if (first === undefined) throw new CommandLineError(help);
  const what = first.startsWith('-') ? 'a command is missing before' : 'there is no command';
  throw new CommandLineError(
    `${what} ${JSON.stringify(args.slice(0, 2).join(' '))}: \`${name} --help\` says what there is`,
  );
}
