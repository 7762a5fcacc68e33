// `zeroplane logs`: what the parts of the cluster on this machine say.

import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';

export const logsCommand: Command = command(
  {
    name: 'zeroplane logs',
    description: 'show what the parts of the cluster on this machine have logged; without a part: all of them',
    takes: '[apiserver|controllers|scheduler|agent|containerd]',
    flags: {
      'data-dir': { value: 'dir', help: 'of the cluster, or of the agent', default: defaultDataDir },
      follow: { short: 'f', help: 'go on as they grow, until Ctrl-C' },
      lines: { value: 'count', help: 'of the last ones of each file', default: '100' },
    },
  },
  async ({ values, args, json, printed }) => {
    const { logParts, logs } = await import('../local/logs.ts');
    const [name, more] = args;
    const part = logParts.find((each) => each === name);
    if (name !== undefined && (part === undefined || more !== undefined))
      throw new CommandLineError(`logs: ${JSON.stringify(args.join(' '))} is none of ${logParts.join(', ')}`);
    const lines = Number(values.lines);
    if (!Number.isInteger(lines) || lines < 0 || lines > 1_000_000)
      throw new CommandLineError(`--lines: give a whole number up to 1000000, not ${JSON.stringify(values.lines)}`);
    const end = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());
    // A reader that has seen enough (`head`) ends it.
    process.stdout.on('error', () => process.exit(0));
    await logs({
      dataDir: values['data-dir'],
      part,
      lines,
      follow: values.follow,
      json,
      signal: end.signal,
    });
    return printed;
  },
);
