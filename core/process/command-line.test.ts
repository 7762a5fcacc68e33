import { describe, expect, it } from 'vitest';
import { CommandLineAnswer, CommandLineError, readCommandLine } from './command-line.ts';
import { version } from './version.ts';

const line = {
  name: 'thing run',
  description: 'runs things',
  flags: {
    file: { value: 'file', help: 'what to run', required: true },
    times: { value: 'count', help: 'how often', default: '1' },
    label: { value: 'text', help: 'what to call it', short: 'l' },
    quiet: { help: 'say nothing' },
    secret: { value: 'text', help: 'refused', hidden: true },
  },
} as const;

function answerOf(args: readonly string[]): string {
  try {
    readCommandLine(line, args);
  } catch (error) {
    if (error instanceof CommandLineAnswer) return error.message;
    throw error;
  }
  throw new Error('it was read');
}

describe('a command line', () => {
  it('is read by its flags', () => {
    const { values, args } = readCommandLine(line, ['--file=a', '-l', 'x', '--quiet']);
    expect({ ...values }).toMatchObject({ file: 'a', times: '1', label: 'x', quiet: true });
    expect(values.secret).toBeUndefined();
    expect(args).toEqual([]);
  });

  it.each([
    [['--fiel', 'a'], "Unknown option '--fiel'"],
    [['--file'], "Option '--file <value>' argument missing"],
    [['--file', 'a', '--quiet=1'], "Option '--quiet' does not take an argument"],
    [[], '--file is missing'],
    [['--file', 'a', 'b'], 'unexpected argument "b"'],
  ])('%j is refused, with the name of what is wrong and where to look', (args, message) => {
    expect(() => readCommandLine(line, args)).toThrow(CommandLineError);
    expect(() => readCommandLine(line, args)).toThrow(message);
    expect(() => readCommandLine(line, args)).toThrow('`thing run --help` says what there is');
  });

  it('asks for the arguments that it must have', () => {
    const files = { ...line, takes: '<file...>', flags: {} };
    expect(() => readCommandLine(files, [])).toThrow('<file...> is missing');
    expect(readCommandLine(files, ['a', 'b']).args).toEqual(['a', 'b']);
    expect(readCommandLine({ ...files, takes: '[command]' }, []).args).toEqual([]);
  });

  it('answers for itself, whatever else is missing', () => {
    expect(answerOf(['--version'])).toBe(version);
    expect(answerOf(['-h'])).toBe(
      [
        'thing run [flags]',
        '',
        'runs things',
        '',
        '  --file <file>       what to run (required)',
        '  --times <count>     how often (default: 1)',
        '  -l, --label <text>  what to call it',
        '  --quiet             say nothing',
        '  -h, --help          say this',
        '  --version           say the version',
      ].join('\n'),
    );
  });
});
