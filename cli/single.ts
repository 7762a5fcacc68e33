// `zeroplane` as one file for machines without a checkout: the agent, and the commands that need nothing but the API of a cluster. A cluster
// itself is started by the npm package (`npx zeroplane up`), or from a checkout.

import '../core/process/frozen-intrinsics.ts';
import { awsCommands } from './aws-commands.ts';
import { healthCommands } from './health-commands.ts';
import { kubeconfigCommands } from './kubeconfig-commands.ts';
import { logsCommand } from './logs-command.ts';
import { nodeCommands } from './nodes.ts';
import { pastCommands } from './past-commands.ts';
import { runCommand } from './run-command.ts';
import { runProgram } from './run-program.ts';

// What a command writes is for who runs it.
process.umask(0o077);

void runProgram([
  runCommand,
  ...pastCommands,
  ...healthCommands,
  ...nodeCommands,
  ...awsCommands,
  ...kubeconfigCommands,
  logsCommand,
]);
