// Runs the command that the command line names. A failure that the user can mend is one line.

import { withCommandLine } from '../core/process/command-line.ts';
import { UserError } from '../local/user-error.ts';
import { type Command, runCommand } from './command.ts';

export async function runProgram(commands: readonly Command[]): Promise<void> {
  const description = 'A Kubernetes cluster whose control plane is not a machine';
  try {
    await withCommandLine(() => runCommand({ name: 'zeroplane', description, commands }, process.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`zeroplane: ${error.message}`);
    process.exitCode = 1;
  }
}
