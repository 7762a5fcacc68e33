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
import { progressToStderr } from '../local/progress.ts';
import { UserError } from '../local/user-error.ts';
import { isJson, outputFlag } from './output-flag.ts';

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

declare const answered: unique symbol;
/** That a command has said what it has to say, in the form that was asked for. */
export interface Answered {
  readonly [answered]: true;
}

/** How a command answers: every one of them, to people and, with `-o json`, to programs. */
export interface Reply {
  /** The standard output is for JSON alone: what is said meanwhile goes to the standard error. */
  readonly json: boolean;
  /** The object for programs, the text for people. */
  answer(value: unknown, text?: string): Answered;
  /** It has printed both forms itself, as `json` says. */
  readonly printed: Answered;
}

/** `work` returns that it has answered. A command whose forms are others than text and JSON has an `output` flag of its own. */
export function command<const F extends Flags>(
  bare: CommandLine<F>,
  work: (given: Given<F> & Reply) => Promise<Answered> | Answered,
): Command {
  const { name, description } = bare;
  const own = Object.hasOwn(bare.flags, 'output');
  const line: CommandLine = own ? bare : { ...bare, flags: { ...bare.flags, ...outputFlag } };
  return {
    name,
    description,
    line: async () => line,
    run: async (args) => {
      try {
        // as: its own flags are among those that were read.
        const { values, args: rest } = readCommandLine(line, args) as Given<F> & Given<typeof outputFlag>;
        const { output } = values;
        const json = own ? output === 'json' : isJson(output);
        if (json) progressToStderr();
        await work({ values, args: rest, ...reply(json) });
      } catch (error) {
        if (error instanceof CommandLineError) throw withAdvice(error, name);
        throw error instanceof UserError && isOfInput(error.message, name) ? adviceOn(error, name) : error;
      }
    },
  };
}

function reply(json: boolean): Reply {
  // as: nothing else makes one.
  const printed = {} as Answered;
  return {
    json,
    printed,
    answer: (value, text = '') => {
      if (json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      else if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
      return printed;
    },
  };
}

/** Every error ends with what to type next. */
function withAdvice(error: CommandLineError, name: string): CommandLineError {
  return error.message.includes('`') ? error : new CommandLineError(`${error.message}: \`${name} --help\` says more`);
}

/** Whether it names a flag, or what was typed: no machine is at fault then. */
function isOfInput(message: string, name: string): boolean {
  const words = name.split(' ').slice(1).join(' ');
  return !message.includes('`') && (/^(?:--|")/.test(message) || message.startsWith(`${words}: `));
}

function adviceOn(error: UserError, name: string): UserError {
  return new UserError(`${error.message}: \`${name} --help\` says more`, { cause: error });
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
  if (asks && (first?.startsWith('-') || group.length > 0)) throw new CommandLineAnswer(help);
  if (first === undefined) throw new CommandLineError(help);
  if (first.startsWith('-'))
    throw new CommandLineError(
      `a command is missing before ${JSON.stringify(first)}: \`${name} --help\` says what there is`,
    );
  if (group.length > 0 && args.length === 1) throw new CommandLineError(help);
  const called = commands.map((each) => wordsOf(each).join(' '));
  const typed = args
    .filter((each) => !each.startsWith('-'))
    .slice(0, 2)
    .join(' ');
  const meant = nearest(typed, called) ?? nearest(first, called);
  const advice = meant === undefined ? `\`${name} --help\` says what there is` : `did you mean \`${name} ${meant}\`?`;
  throw new CommandLineError(`there is no command ${JSON.stringify(typed)}: ${advice}`);
}

function helpOf({ name, description }: Program, commands: readonly Command[]): string {
  const rows = columns(commands.map((each) => [wordsOf(each).join(' '), each.description]));
  return `${name} COMMAND [flags]\n\n${description}\n\n${rows}\n\n\`${name} COMMAND --help\` says what a command takes.`;
}
