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
import { nearest } from '../core/process/nearest.ts';
import { version } from '../core/process/version.ts';

export interface Command {
  /** `zeroplane keys rotate`: the program's name, then its own words. */
  readonly name: string;
  readonly description: string;
  /** What it takes: for help, completion and the reference. Loaded for them alone where the command reads its line itself. */
  line(): Promise<Pick<CommandLine, 'takes' | 'flags'>>;
  run(args: readonly string[]): Promise<void>;
}

export interface Program {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly Command[];
}

export function command<const F extends Flags>(
  line: CommandLine<F>,
  work: (given: Given<F>) => Promise<void> | void,
): Command {
  const { name, description } = line;
  return {
    name,
    description,
    line: async () => line,
    run: async (args) => {
      try {
        await work(readCommandLine(line, args));
      } catch (error) {
        throw error instanceof CommandLineError ? withAdvice(error, name) : error;
      }
    },
  };
}

/** Every error ends with what to type next. */
function withAdvice(error: CommandLineError, name: string): CommandLineError {
  return error.message.includes('`') ? error : new CommandLineError(`${error.message}: \`${name} --help\` says more`);
}

/** The words by which it is called, without the program's. */
export function wordsOf({ name }: Pick<Command, 'name'>): string[] {
  return name.split(' ').slice(1);
}

/** Throws CommandLineError and CommandLineAnswer, and what the command throws. */
export async function runCommand(program: Program, args: readonly string[]): Promise<void> {
  const { name, commands } = program;
  const begins = (words: readonly string[]) => words.every((word, at) => args[at] === word);
  const [found] = commands
    .filter((each) => begins(wordsOf(each)))
    .sort((a, b) => wordsOf(b).length - wordsOf(a).length);
  if (found) return found.run(args.slice(wordsOf(found).length));
  const [first] = args;
  if (first === '--version') throw new CommandLineAnswer(version);
  // `zeroplane node`: the commands that begin so.
  const group = commands.filter((each) => wordsOf(each)[0] === first);
  const asks = args.some((each) => each === '--help' || each === '-h');
  const help = helpOf(program, group.length > 0 ? group : commands);
  if (asks) throw new CommandLineAnswer(help);
  if (first === undefined) throw new CommandLineError(help);
  if (first.startsWith('-'))
    throw new CommandLineError(
      `a command is missing before ${JSON.stringify(first)}: \`${name} --help\` says what there is`,
    );
  if (group.length > 0 && args.length === 1) throw new CommandLineError(help);
  const called = commands.map((each) => wordsOf(each).join(' '));
  const typed = args.slice(0, 2).join(' ');
  const meant = nearest(typed, called) ?? nearest(first, called);
  const advice = meant === undefined ? `\`${name} --help\` says what there is` : `did you mean \`${name} ${meant}\`?`;
  throw new CommandLineError(`there is no command ${JSON.stringify(typed)}: ${advice}`);
}

function helpOf({ name, description }: Program, commands: readonly Command[]): string {
  const rows = columns(commands.map((each) => [wordsOf(each).join(' '), each.description]));
  return `${name} COMMAND [flags]\n\n${description}\n\n${rows}\n\n\`${name} COMMAND --help\` says what a command takes.`;
}
