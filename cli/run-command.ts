// `zeroplane run`: its flags, and what is wrong with them.

import { dns1123Label, dns1123Subdomain, relaxedEnvVarName } from '../core/machinery/names.ts';
import { quantityError } from '../core/machinery/quantity.ts';
import { readDuration } from '../core/machinery/time.ts';
import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';

const defaultHelperImage = 'zeroplane.local/busybox:1';

export const runCommand: Command = command(
  {
    name: 'zeroplane run',
    description:
      'run a command as a Job of a cluster: its output comes here as it is written, and its exit code is ours',
    takes: '[-- command...]',
    flags: {
      image: { value: 'image', help: 'what it runs in' },
      file: {
        value: 'pod.yaml',
        help: 'a Pod to start from: its first container gets the command and what other flags say',
      },
      cpu: { value: 'cpu', help: 'that it asks for, such as 500m' },
      memory: { value: 'memory', help: 'that it asks for and may use, such as 512Mi' },
      env: { value: 'name[=value]', help: 'a variable; without a value: as it is here', many: true },
      secret: { value: 'name[=value]', help: 'a variable that is kept in a Secret of the run', many: true },
      timeout: { value: 'duration', help: 'how long it may take in all', default: '1h' },
      'start-timeout': { value: 'duration', help: 'how long it may take to begin', default: '10m' },
      workdir: { value: 'dir', help: 'uploaded; the command runs in it' },
      exclude: { value: 'glob', help: 'of --workdir, left out: a name anywhere or a path', many: true },
      bring: { value: 'path', help: 'brought back once the command has ended, however it did', many: true },
      'bring-to': { value: 'dir', help: 'where to; default: --workdir' },
      name: { value: 'name', help: 'of the Job: a second run with it goes on with the first' },
      'idempotency-key': { value: 'key', help: 'the same, with any text, such as the id of the pipeline’s run' },
      namespace: { value: 'namespace', short: 'n', help: "where it runs; default: that of the kubeconfig's context" },
      'service-account': { value: 'name', help: 'as whom its pod asks the API; default: nobody' },
      parallelism: { value: 'pods', help: 'that run it side by side, numbered by JOB_COMPLETION_INDEX', default: '1' },
      ttl: { value: 'duration', help: 'how long the Job is kept after its end', default: '1h' },
      'helper-image': {
        value: 'image',
        help: 'with sh, tar and base64, for --workdir and --bring',
        default: process.env['ZEROPLANE_HELPER_IMAGE'] || defaultHelperImage,
      },
      detach: { help: 'return once the Job is made' },
      timestamps: { help: 'before each line' },
      quiet: { short: 'q', help: 'say nothing but what the command says, and what goes wrong' },
      output: { value: 'format', short: 'o', help: 'text or json: an object a line', default: 'text' },
      kubeconfig: { value: 'file', help: "of the cluster; default: KUBECONFIG, then this machine's" },
      'data-dir': { value: 'dir', help: 'of the cluster on this machine', default: defaultDataDir },
      server: { value: 'url', help: 'of the API server, instead of a kubeconfig; default: ZEROPLANE_SERVER' },
      'certificate-authority': { value: 'file', help: "of the server; default: this machine's" },
      oidc: { help: "sign in with the pipeline's own token (GitHub, GitLab, Buildkite, CircleCI, ZEROPLANE_ID_TOKEN)" },
      audience: { value: 'text', help: 'that the token is for, as the cluster expects it', default: 'zeroplane' },
      'token-file': { value: 'file', help: 'with a token to sign in with' },
      token: { value: 'token', help: 'the same; other users of this machine can read it' },
    },
  },
  async ({ values, args, printed }) => {
    const plan = {
      namespace: values.namespace === undefined ? undefined : checked('--namespace', values.namespace, dns1123Label),
      name: values.name === undefined ? undefined : checked('--name', values.name, jobName),
      key: values['idempotency-key'],
      image: values.image,
      command: args,
      cpu: quantity('--cpu', values.cpu),
      memory: quantity('--memory', values.memory),
      env: values.env.map((each) => variable('--env', each)),
      secrets: values.secret.map((each) => variable('--secret', each)),
      serviceAccount:
        values['service-account'] && checked('--service-account', values['service-account'], dns1123Subdomain),
      parallelism: count('--parallelism', values.parallelism),
      timeoutSeconds: Math.max(1, Math.ceil(duration('--timeout', values.timeout) / 1000)),
      ttlSeconds: Math.ceil(duration('--ttl', values.ttl) / 1000),
      startTimeoutMs: duration('--start-timeout', values['start-timeout']),
      workdir: values.workdir,
      exclude: values.exclude,
      bring: values.bring.map(broughtPath),
      bringTo: values['bring-to'],
      helperImage: values['helper-image'],
      detach: values.detach,
      signIn: {
        kubeconfig: values.kubeconfig,
        dataDir: values['data-dir'],
        server: values.server,
        certificateAuthority: values['certificate-authority'],
        token: values.token,
        tokenFile: values['token-file'],
        oidc: values.oidc,
        audience: values.audience,
      },
    };
    if (values.image === undefined && values.file === undefined)
      throw new CommandLineError('--image is missing: `zeroplane run --image IMAGE -- COMMAND`, or --file with a Pod');
    if (plan.name !== undefined && plan.key !== undefined)
      throw new CommandLineError('--name and --idempotency-key say the same in two ways: give one');
    if (plan.key === '') throw new CommandLineError('--idempotency-key: it is empty: is a variable not set?');
    if (plan.parallelism > 1 && plan.bring.length > 0)
      throw new CommandLineError(
        '--bring: files of several pods would be written over each other: leave out --parallelism',
      );
    if (plan.detach && plan.bring.length > 0)
      throw new CommandLineError('--bring and --detach contradict each other: files come at the end');
    if (values.output !== 'text' && values.output !== 'json')
      throw new CommandLineError(`--output: give text or json, not ${JSON.stringify(values.output)}`);
    const twice = [...plan.env, ...plan.secrets].map(([name]) => name);
    const double = twice.find((name, at) => twice.indexOf(name) < at);
    if (double !== undefined) throw new CommandLineError(`--env, --secret: ${double} is given twice`);
    const [{ run }, { runOutput }] = await Promise.all([import('./run/run.ts'), import('./run/run-output.ts')]);
    const pod =
      values.file === undefined
        ? undefined
        : (await import('./run/pod-file.ts')).readPodFile(values.file, values.image !== undefined);
    const { timestamps, quiet } = values;
    const output = runOutput({ json: values.output === 'json', timestamps, quiet }, process.stdout, process.stderr);
    process.exitCode = await run({ ...plan, pod }, output);
    return printed;
  },
);

function jobName(name: string): string[] {
  // Pods and Secrets of the run have longer names, and a label has the name.
  return name.length > 50 ? ['must be no more than 50 characters'] : dns1123Label(name);
}

function checked(flag: string, value: string, errors: (value: string) => readonly string[]): string {
  const [why] = errors(value);
  if (why === undefined) return value;
  throw new CommandLineError(`${flag}: ${JSON.stringify(value)}: ${why}`);
}

function quantity(flag: string, value: string | undefined): string | undefined {
  if (value !== undefined && (quantityError(value) || value.startsWith('-')))
    throw new CommandLineError(`${flag}: give a quantity, such as 500m or 512Mi, not ${JSON.stringify(value)}`);
  return value;
}

function variable(flag: string, text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  checked(flag, name, relaxedEnvVarName);
  if (at >= 0) return [name, text.slice(at + 1)];
  const value = Object.entries(process.env).find(([each]) => each === name)?.[1];
  if (value === undefined)
    throw new CommandLineError(`${flag}: ${name} is not set here: set it, or give ${name}=VALUE`);
  return [name, value];
}

function broughtPath(path: string): string {
  if (!path.startsWith('/') && !path.split('/').includes('..') && path !== '') return path;
  throw new CommandLineError(`--bring: give a path below the working directory, not ${JSON.stringify(path)}`);
}

function duration(flag: string, text: string): number {
  const value = readDuration(text);
  if (value !== undefined && value >= 0) return value;
  throw new CommandLineError(`${flag}: give a duration, such as 10m, not ${JSON.stringify(text)}`);
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 1000) return value;
  throw new CommandLineError(`${flag}: give a number from 1 to 1000, not ${JSON.stringify(text)}`);
}
