// `zeroplane`: the command line. Each command is a thin call into local/; a failure that the user can mend is one line.

import '../core/process/frozen-intrinsics.ts';
import { Command, InvalidArgumentError } from 'commander';
import { readDuration } from '../core/machinery/time.ts';
import { defaultDataDir } from '../local/cluster.ts';
import { UserError } from '../local/user-error.ts';

// What a command writes is for who runs it: keys, kubeconfigs, backups, logs of the cluster.
process.umask(0o077);

const program = new Command('zeroplane')
  .description('A Kubernetes cluster whose control plane is not a machine')
  .showHelpAfterError();

const dataDir = ['--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir] as const;

program
  .command('up')
  .description('start a cluster on this machine, or start again what does not run')
  .option(...dataDir)
  .option('--detach', 'return when the node is Ready', false)
  .option('--port <port>', 'port of the API server (default: 6443)', port)
  .option('--kubeconfig <file>', "where to write the administrator's kubeconfig (default: <data-dir>/admin.kubeconfig)")
  .option('--no-agent', 'control plane alone: this machine runs no pods')
  .option('--pod-cidr <cidr>', 'addresses of pods (default: 10.244.0.0/16)')
  .option('--service-cidr <cidr>', 'addresses of Services (default: 10.96.0.0/16)')
  .option('--authentication-config <file>', 'issuers whose tokens are taken (AuthenticationConfiguration)')
  .option(
    '--encryption-provider-config <file>',
    'what is encrypted in the store, with which keys (EncryptionConfiguration)',
  )
  .option('--ignore-unreadable', 'start though the key of some encrypted objects is lost, so that they can be deleted')
  .option('--audit-policy-file <file>', 'which requests are written down (audit.k8s.io/v1 Policy)')
  .option(
    '--audit-log-path <file>',
    "where they are written; '-' for the control plane's log (default: <data-dir>/audit.log)",
  )
  .option('--audit-log-maxsize <megabytes>', 'of a file, before it is set aside (default: 100)', count)
  .option('--audit-log-maxbackup <files>', 'that are kept of those set aside; 0 for all (default: 10)', count)
  .option('--audit-log-maxage <days>', 'that they are kept; 0 for ever (default: 0)', count)
  .option(
    '--shutdown-delay-duration <duration>',
    'how long the API server still answers while /readyz fails, before it ends (default: 0s)',
    duration,
  )
  .action(async (options) => (await import('../local/up.ts')).up(options));

program
  .command('down')
  .description('stop the cluster on this machine: its processes, pods, mounts, namespaces and rules')
  .option(...dataDir)
  .option('--purge', 'delete the data too', false)
  .action(async (options) => (await import('../local/down.ts')).down(options));

program
  .command('status')
  .description('say what runs')
  .option(...dataDir)
  .option('-o, --output <format>', 'text or json', 'text')
  .action(async (options) => (await import('../local/status.ts')).status(options));

const image = program.command('image').description('images of this node');

image
  .command('load <file...>')
  .description('bring images from OCI or Docker archives to the node')
  .option(...dataDir)
  .action(async (files: string[], options) => (await import('../local/images.ts')).loadImages(files, options));

program
  .command('images')
  .description("build the examples' images from packages of this machine, and load them")
  .option(...dataDir)
  .option('--output <dir>', 'write the archives there instead of loading them')
  .action(async (options) => (await import('../local/images.ts')).exampleImages(options));

program
  .command('backup <file>')
  .description('copy the state of a cluster to a new file, also while it runs')
  .option(...dataDir)
  .action(async (file: string, options) => (await import('../local/backup.ts')).backup(file, options));

program
  .command('restore <file>')
  .description('put a backup in the place of the state of a cluster that is down')
  .option(...dataDir)
  .action(async (file: string, options) => (await import('../local/backup.ts')).restore(file, options));

const keys = program
  .command('keys')
  .description('new keys and certificates for the cluster on this machine, also while it runs');

keys
  .command('rotate <kind>')
  .description(
    'make new ones: certificates, service-account (what signs tokens), or encryption (of Secrets in the store)',
  )
  .option(...dataDir)
  .action(async (kind: string, options) => (await import('../local/keys.ts')).rotate(kind, options));

keys
  .command('retire <kind>')
  .description('refuse what former keys signed: service-account')
  .option(...dataDir)
  .action(async (kind: string, options) => (await import('../local/keys.ts')).retire(kind, options));

program
  .command('kubeconfig')
  .description('write a kubeconfig for a cluster on AWS')
  .option('--aws', 'kubectl then proves your IAM identity', false)
  .requiredOption('--server <url>', "ApiUrl of the stack's outputs")
  .requiredOption('--cluster <name>', 'name of the cluster')
  .requiredOption('--region <region>', 'its region')
  .option('--role-arn <arn>', "a role to assume, such as AdminRoleArn of the stack's outputs")
  .option('--output <file>', 'where to write it (default: standard output)')
  .action(async (options) => (await import('./aws.ts')).writeAwsKubeconfig(options));

program
  .command('aws-token')
  .description('print a credential for kubectl (client.authentication.k8s.io/v1) that proves your IAM identity')
  .requiredOption('--cluster <name>', 'name of the cluster')
  .requiredOption('--region <region>', 'its region')
  .option('--role-arn <arn>', 'a role to assume')
  .action(async (options) => (await import('./aws.ts')).printAwsToken(options));

program
  .command('join-token')
  .description('print the Secret that lets one node join: `zeroplane join-token | kubectl apply -f -`')
  .option('--hours <hours>', 'how long it is good', hours, 24)
  .action(async (options) => (await import('./aws.ts')).printJoinToken(options));

program
  .command('agent')
  .description('run the node agent: `zeroplane agent join --server URL --token-file FILE --data-dir DIR`')
  .helpOption(false)
  .allowUnknownOption()
  .allowExcessArguments()
  .action(async (_options, command) => {
    process.argv.splice(2, process.argv.length, ...command.args);
    await import('../agent/main.ts');
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`zeroplane: ${error.message}`);
  process.exitCode = 1;
}

function hours(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 8760) return value;
  throw new InvalidArgumentError('give a number of hours, such as 24.');
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('give a whole number, such as 10.');
}

/** Milliseconds. */
function duration(text: string): number {
  const value = readDuration(text);
  if (value !== undefined && value >= 0) return value;
  throw new InvalidArgumentError('give a duration, such as 30s or 1m30s.');
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65536) return value;
  throw new InvalidArgumentError('give a number from 1 to 65535.');
}
