// Runs the command that the command line names. A failure that the user can mend is one line, which ends with what to do.

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
    if (!(error instanceof UserError)) throw error;
    console.error(`zeroplane: ${withNext(error.message)}`);
    process.exitCode = 1;
  }
}

/** Most say what to type; for the others there is one who looks. */
function withNext(message: string): string {
  return message.includes('`') || message.includes(' --') ? message : `${message}: \`zeroplane doctor\` looks for why`;
}
