// Command lines, in one way for every program: flags and arguments by node:util's parser, help from what the flags say of themselves.
// A library for it (commander) takes 2.2 MB of memory, of every agent too.

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { errorText } from '../machinery/error-text.ts';
import { getOwn } from '../machinery/own.ts';
import { nearest } from './nearest.ts';
import { version } from './version.ts';

export interface Flag {
  readonly help: string;
  /** What stands for its value in the help, such as `file`. Absent: a switch, which takes none. */
  readonly value?: string;
  readonly short?: string;
  /** Shown and used where the flag is not given. */
  readonly default?: string;
  readonly required?: true;
  /** May be given more than once; its values in order. */
  readonly many?: true;
  /** Known, so that it can be refused with a reason, and not shown. */
  readonly hidden?: true;
}

export type Flags = Readonly<Record<string, Flag>>;

export interface CommandLine<F extends Flags = Flags> {
  /** As it is typed: `zeroplane keys rotate`. */
  readonly name: string;
  readonly description: string;
  /** Of its arguments in the help: `<file...>`; `[command]`. Absent: it takes none. */
  readonly takes?: string;
  readonly flags: F;
}

type ValueOf<F extends Flag> = F extends { value: string }
  ? F extends { many: true }
    ? readonly string[]
    : F extends { default: string } | { required: true }
      ? string
      : string | undefined
  : boolean;

export interface Given<F extends Flags> {
  readonly values: { readonly [Name in keyof F]: ValueOf<F[Name]> };
  readonly args: readonly string[];
}

/** What is wrong with a command line, and what to do. */
export class CommandLineError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'CommandLineError';
  }
}

/** Not an error: `--help` or `--version` was asked for, and this is the answer. */
export class CommandLineAnswer extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'CommandLineAnswer';
  }
}

/** Throws CommandLineError, and CommandLineAnswer. */
export function readCommandLine<const F extends Flags>(line: CommandLine<F>, args: readonly string[]): Given<F> {
  const { values, positionals } = parse(line, args);
  if (values['help']) throw new CommandLineAnswer(helpOf(line));
  if (values['version']) throw new CommandLineAnswer(version);
  const advice = `\`${line.name} --help\` says what there is`;
  for (const [name, { required }] of Object.entries<Flag>(line.flags))
    if (required && getOwn(values, name) === undefined) throw new CommandLineError(`--${name} is missing: ${advice}`);
  if (line.takes === undefined && positionals.length > 0)
    throw new CommandLineError(`unexpected argument ${JSON.stringify(positionals[0])}: ${advice}`);
  if (line.takes?.startsWith('<') && positionals.length === 0)
    throw new CommandLineError(`${line.takes} is missing: ${advice}`);
  // as: the parser gives each flag a value of the type that it was told.
  return { values: values as Given<F>['values'], args: positionals };
}

function parse(line: CommandLine, args: readonly string[]) {
  const options: NonNullable<ParseArgsConfig['options']> = {
    help: { type: 'boolean', short: 'h', default: false },
    version: { type: 'boolean', default: false },
  };
  for (const [name, flag] of Object.entries(line.flags)) {
    const { value, short, default: preset, many } = flag;
    const type = value === undefined ? 'boolean' : 'string';
    // computed name: of a flag that the program declares.
    options[name] = {
      type,
      ...(short !== undefined && { short }),
      ...(many && { multiple: true, default: [] }),
      ...(type === 'boolean' ? { default: false } : preset !== undefined && { default: preset }),
    };
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node's text names the flag; what it says after that is of its own API.
    const [what = ''] = errorText(error).split(/\. (?:To specify|Did you mean)/);
    const [, unknown] = /^Unknown option '--([^'=]+)/.exec(what) ?? [];
    const shown = Object.keys(options).filter((name) => !getOwn(line.flags, name)?.hidden);
    const meant = unknown === undefined ? undefined : nearest(unknown, shown);
    const perhaps = meant === undefined ? '' : ` (did you mean --${meant}?)`;
    throw new CommandLineError(`${what}${perhaps}: \`${line.name} --help\` says what there is`);
  }
}

/** A row a flag that is shown: how it is typed, and what it is for, with what is used where it is not given. */
export function flagRows(flags: Flags): (readonly [string, string])[] {
  return Object.entries<Flag>(flags)
    .filter(([, { hidden }]) => !hidden)
    .map(([flag, { help, value, short, default: preset, required, many }]) => {
      const left = `${short ? `-${short}, ` : ''}--${flag}${value ? ` <${value}>` : ''}`;
      const more = required
        ? ' (required)'
        : many
          ? ' (may be given several times)'
          : preset === undefined
            ? ''
            : ` (default: ${preset})`;
      return [left, help + more] as const;
    });
}

/** What `--help` prints. */
function helpOf({ name, description, takes, flags }: CommandLine): string {
  const rows = [...flagRows(flags), ['-h, --help', 'say this'] as const, ['--version', 'say the version'] as const];
  return `${name} [flags]${takes ? ` ${takes}` : ''}\n\n${description}\n\n${columns(rows)}`;
}

export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

/** Runs a program's work on its command line: answers go to standard output, what is wrong to standard error, with exit code 2. */
export async function withCommandLine(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof CommandLineAnswer) process.stdout.write(`${error.message}\n`);
    else if (error instanceof CommandLineError) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 2;
    } else throw error;
  }
}
