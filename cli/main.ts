// `zeroplane`: the command line. Each command is a thin call into local/, which is loaded with it; a failure that the user can mend is one line.

import '../core/process/frozen-intrinsics.ts';
import { readDuration } from '../core/machinery/time.ts';
import { CommandLineError } from '../core/process/command-line.ts';
import { leastHistoryMs, readHistory } from '../core/store/history.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { awsCommands } from './aws-commands.ts';
import { clusterCommands, clusterLimitFlags, clusterLimits } from './cluster-commands.ts';
import { type Command, command } from './command.ts';
import { healthCommands } from './health-commands.ts';
import { imageCommands } from './image-commands.ts';
import { kubeconfigCommands } from './kubeconfig-commands.ts';
import { logsCommand } from './logs-command.ts';
import { nodeCommands } from './nodes.ts';
import { pastCommands } from './past-commands.ts';
import { port } from './port.ts';
import { runCommand } from './run-command.ts';
import { runProgram } from './run-program.ts';
import { single } from './single-argument.ts';
import { trustCommand, trustFlags } from './trust-command.ts';

// What a command writes is for who runs it: keys, kubeconfigs, backups, logs of the cluster.
process.umask(0o077);

const dataDir = {
  'data-dir': { value: 'dir', help: 'where the cluster keeps everything', default: defaultDataDir },
} as const;

const commands: readonly Command[] = [
  command(
    {
      name: 'zeroplane up',
      description: 'start a cluster on this machine, or start again what does not run',
      flags: {
        ...dataDir,
        detach: { help: 'return when the node is Ready' },
        port: { value: 'port', help: 'of the API server; default: 6443' },
        kubeconfig: {
          value: 'file',
          help: "where to write the administrator's kubeconfig; default: <data-dir>/admin.kubeconfig",
        },
        'no-agent': { help: 'control plane alone: this machine runs no pods' },
        'seccomp-default': { help: "pods that name no seccomp profile get the runtime's" },
        'no-seccomp-default': { help: 'they get none again' },
        ...clusterLimitFlags,
        'node-external-ip': {
          value: 'address',
          help: "by which machines in other networks reach this one (UDP 51820 and the API's port); '' for none any more",
        },
        'pod-cidr': { value: 'cidr', help: 'addresses of pods, of IPv4 or of both families; default: 10.244.0.0/16' },
        'service-cidr': { value: 'cidr', help: 'addresses of Services, of as many families; default: 10.96.0.0/16' },
        'authentication-config': {
          value: 'file',
          help: 'issuers whose tokens are taken (AuthenticationConfiguration)',
        },
        trust: {
          value: 'provider:whom',
          help: "whose pipelines may run jobs: github:acme, gitlab:group/project, buildkite:acme, circleci:ID, generic:https://issuer#claim=value; '' for nobody's",
          many: true,
        },
        ...trustFlags,
        'encryption-provider-config': {
          value: 'file',
          help: 'what is encrypted in the store, with which keys (EncryptionConfiguration)',
        },
        'ignore-unreadable': {
          help: 'start though the key of some encrypted objects is lost, so that they can be deleted',
        },
        'audit-policy-file': { value: 'file', help: 'which requests are written down (audit.k8s.io/v1 Policy)' },
        'audit-log-path': {
          value: 'file',
          help: "where they are written; '-' for the control plane's log; default: <data-dir>/audit.log",
        },
        'audit-log-maxsize': { value: 'megabytes', help: 'of a file, before it is set aside; default: 100' },
        'audit-log-maxbackup': { value: 'files', help: 'that are kept of those set aside; 0 for all; default: 10' },
        'audit-log-maxage': { value: 'days', help: 'that they are kept; 0 for ever; default: 0' },
        history: {
          value: 'time',
          help: 'how long the past of objects is kept for `zeroplane history`, such as 7d or 36h; default: 1d',
        },
        'shutdown-delay-duration': {
          value: 'duration',
          help: 'how long the API server still answers while /readyz fails, before it ends; default: 0s',
        },
      },
    },
    async ({ values, answer }) => {
      const { up, whatNext } = await import('../local/up.ts');
      const { facts, attach } = await up({
        dataDir: values['data-dir'],
        detach: values.detach,
        port: optional('--port', values.port, port),
        kubeconfig: values.kubeconfig,
        agent: !values['no-agent'],
        seccompDefault: values['seccomp-default'] || (values['no-seccomp-default'] ? false : undefined),
        clusters: clusterLimits(values),
        nodeExternalIP: values['node-external-ip'],
        podCidr: values['pod-cidr'],
        serviceCidr: values['service-cidr'],
        authenticationConfig: values['authentication-config'],
        ...(values.trust.length > 0 && {
          trust: {
            trust: values.trust,
            audience: values['trust-audience'],
            namespace: values['trust-namespace'],
            certificateAuthority: values['trust-certificate-authority'],
          },
        }),
        encryptionProviderConfig: values['encryption-provider-config'],
        ignoreUnreadable: values['ignore-unreadable'],
        auditPolicyFile: values['audit-policy-file'],
        auditLogPath: values['audit-log-path'],
        auditLogMaxsize: optional('--audit-log-maxsize', values['audit-log-maxsize'], count),
        auditLogMaxbackup: optional('--audit-log-maxbackup', values['audit-log-maxbackup'], count),
        auditLogMaxage: optional('--audit-log-maxage', values['audit-log-maxage'], count),
        history: optional('--history', values.history, historyTime),
        shutdownDelayDuration: optional('--shutdown-delay-duration', values['shutdown-delay-duration'], duration),
      });
      const done = answer(facts, whatNext(facts));
      await attach?.();
      return done;
    },
  ),
  command(
    {
      name: 'zeroplane down',
      description: 'stop the cluster on this machine: its processes, pods, mounts, namespaces and rules',
      flags: { ...dataDir, purge: { help: 'delete the data too' } },
    },
    async ({ values: { 'data-dir': dataDir, purge }, answer }) => {
      const was = await (await import('../local/down.ts')).down({ dataDir, purge });
      return answer(
        { dataDir, cluster: was, purged: was && purge },
        was ? '' : `No cluster in ${dataDir}: nothing to stop.`,
      );
    },
  ),
  command(
    {
      name: 'zeroplane upgrade',
      description:
        'change the cluster on this machine to the programs of this version; pods run on, and what does not come up is put back',
      flags: { ...dataDir, 'no-backup': { help: 'make no copy of the state before, in the data directory' } },
    },
    async ({ values, answer }) => {
      const { upgrade } = await import('../local/upgrade.ts');
      const done = await upgrade({ dataDir: values['data-dir'], copiesState: !values['no-backup'] });
      return answer(
        done,
        done.changed
          ? `The cluster runs version ${done.version}. Its pods ran on.`
          : `The cluster runs these programs already (${done.version}): nothing to do.`,
      );
    },
  ),
  ...healthCommands,
  ...imageCommands,
  logsCommand,
  ...kubeconfigCommands,
  command(
    {
      name: 'zeroplane images',
      description: "build the examples' images from packages of this machine, and load them",
      flags: { ...dataDir, to: { value: 'dir', help: 'write the archives there instead of loading them' } },
    },
    async ({ values: { to, 'data-dir': dataDir }, answer }) =>
      answer({ images: await (await import('../local/images.ts')).exampleImages({ dataDir, to }) }),
  ),
  command(
    {
      name: 'zeroplane backup',
      description: 'copy the state of a cluster to a new file, also while it runs',
      takes: '<file>',
      flags: dataDir,
    },
    async ({ values, args, answer }) => {
      const copy = await (await import('../local/backup.ts')).backup(single(args), { dataDir: values['data-dir'] });
      return answer(copy, `${copy.file}: ${(copy.bytes / 1e6).toFixed(1)} MB in ${copy.seconds.toFixed(1)} s`);
    },
  ),
  command(
    {
      name: 'zeroplane restore',
      description: 'put a backup in the place of the state of a cluster that is down',
      takes: '<file>',
      flags: dataDir,
    },
    async ({ values, args, answer }) => {
      const done = await (await import('../local/backup.ts')).restore(single(args), { dataDir: values['data-dir'] });
      const { file, previous } = done;
      return answer(done, `restored ${file}${previous ? `; what was there before is ${previous}` : ''}`);
    },
  ),
  command(
    {
      name: 'zeroplane keys rotate',
      description:
        'make new keys: certificates, service-account (what signs tokens), or encryption (of Secrets in the store)',
      takes: '<certificates|service-account|encryption>',
      flags: dataDir,
    },
    async ({ values, args, answer }) => {
      const { said, ...done } = await (await import('../local/keys.ts')).rotate(single(args), {
        dataDir: values['data-dir'],
      });
      return answer(done, said);
    },
  ),
  command(
    {
      name: 'zeroplane keys retire',
      description: 'refuse what former keys signed: service-account',
      takes: '<service-account>',
      flags: dataDir,
    },
    async ({ values, args, answer }) => {
      const { said, ...done } = await (await import('../local/keys.ts')).retire(single(args), {
        dataDir: values['data-dir'],
      });
      return answer(done, said);
    },
  ),
  runCommand,
  ...pastCommands,
  trustCommand,
  ...awsCommands,
  ...nodeCommands,
  ...clusterCommands,
];

await runProgram(commands);

function optional<T>(flag: string, text: string | undefined, read: (flag: string, text: string) => T): T | undefined {
  return text === undefined ? undefined : read(flag, text);
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new CommandLineError(`${flag}: give a whole number, such as 10, not ${JSON.stringify(text)}`);
}

/** Milliseconds. */
function duration(flag: string, text: string): number {
  const value = readDuration(text);
  if (value !== undefined && value >= 0) return value;
  throw new CommandLineError(`${flag}: give a duration, such as 30s or 1m30s, not ${JSON.stringify(text)}`);
}

/** Milliseconds. */
function historyTime(flag: string, text: string): number {
  const value = readHistory(text);
  if (value !== undefined && value >= leastHistoryMs) return value;
  throw new CommandLineError(`${flag}: give ten minutes or more, such as 36h or 7d, not ${JSON.stringify(text)}`);
}
