// Runs the command that the command line names. A failure that the user can mend is one line, which ends with what to do.

import { errorText } from '../core/machinery/error-text.ts';
import { getOwn } from '../core/machinery/own.ts';
import { withCommandLine } from '../core/process/command-line.ts';
import { UserError } from '../local/user-error.ts';
import { type Command, runCommand } from './command.ts';
import { withOwnCommands } from './own-commands.ts';

export async function runProgram(commands: readonly Command[]): Promise<void> {
  const description = 'A Kubernetes cluster whose control plane is not a machine';
  const program = withOwnCommands({ name: 'zeroplane', description, commands });
  try {
    await withCommandLine(() => runCommand(program, process.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof UserError) && !ofSystem(error)) throw error;
    console.error(`zeroplane: ${withNext(errorText(error))}`);
    process.exitCode = 1;
  }
}

/** What the system says of a disk that is full, or of rights that are missing: no fault of ours, and no news to a stack. */
const systemErrors: Readonly<Record<string, string>> = {
  ENOSPC: 'make room, `df -h` says where there is none',
  EDQUOT: 'make room, `quota` says how much you may have',
  EROFS: 'name a place that can be written, such as with --data-dir',
  EACCES: 'run it as root: `sudo zeroplane`, or name a place of your own, such as with --data-dir',
  EMFILE: 'let it open more files: `ulimit -n 65536`',
};

function ofSystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error && getOwn(systemErrors, String(error.code)) !== undefined;
}

/** Most say what to type; for the others there is one who looks. */
function withNext(message: string): string {
  const [, code = ''] = /\b(E[A-Z]{4,6})\b/.exec(message) ?? [];
  const advice = getOwn(systemErrors, code);
  if (advice !== undefined && !message.includes('`')) return `${message}: ${advice}`;
  return message.includes('`') || message.includes(' --') ? message : `${message}: \`zeroplane doctor\` looks for why`;
}
