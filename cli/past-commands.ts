// `zeroplane history`, `get`, `diff` and `undo`: their flags, and what is wrong with them.

import { dns1123Label } from '../core/machinery/names.ts';
import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';
import type { PastOptions } from './past/commands.ts';
import { readMoment } from './past/moment.ts';

const shared = {
  namespace: { value: 'namespace', short: 'n', help: "of the object; default: that of the kubeconfig's context" },
  kubeconfig: { value: 'file', help: "of the cluster; default: KUBECONFIG, then this machine's" },
  'data-dir': { value: 'dir', help: 'of the cluster on this machine', default: defaultDataDir },
  server: { value: 'url', help: 'of the API server, instead of a kubeconfig; default: ZEROPLANE_SERVER' },
  'certificate-authority': { value: 'file', help: "of the server; default: this machine's" },
  'token-file': { value: 'file', help: 'with a token to sign in with' },
} as const;

interface SharedValues {
  readonly namespace?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly 'data-dir': string;
  readonly server?: string | undefined;
  readonly 'certificate-authority'?: string | undefined;
  readonly 'token-file'?: string | undefined;
}

const moment = 'a time (RFC 3339), how long ago, such as 15m, or a revision';

export const pastCommands: readonly Command[] = [
  command(
    {
      name: 'zeroplane history',
      description: 'say who changed an object: what, when, from where',
      takes: '<kind/name>',
      flags: {
        ...shared,
        limit: { value: 'changes', help: 'the newest that are shown', default: '20' },
        output: { value: 'format', short: 'o', help: 'text or json', default: 'text' },
      },
    },
    async ({ values, args, printed }) => {
      const options = pastOptions(values, args, format(values.output, ['text', 'json']));
      const limit = Number(values.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > 2000)
        throw new CommandLineError(`--limit: give a number from 1 to 2000, not ${JSON.stringify(values.limit)}`);
      await (await import('./past/commands.ts')).history({ ...options, limit });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane get',
      description: 'print an object, or all of a kind, as it was',
      takes: '<kind[/name]>',
      flags: {
        ...shared,
        at: { value: 'moment', help: moment },
        'show-managed-fields': { help: 'print them too' },
        output: { value: 'format', short: 'o', help: 'yaml or json', default: 'yaml' },
      },
    },
    async ({ values, args, printed }) => {
      const options = pastOptions(values, args, format(values.output, ['yaml', 'json']));
      await (await import('./past/commands.ts')).getPast({
        ...options,
        at: needed('--at', values.at),
        managedFields: values['show-managed-fields'],
      });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane diff',
      description: 'say what differs between an object then and now, or two moments',
      takes: '<kind/name>',
      flags: {
        ...shared,
        at: { value: 'moment', help: moment },
        to: { value: 'moment', help: 'the later one; default: now' },
        output: { value: 'format', short: 'o', help: 'text or json', default: 'text' },
      },
    },
    async ({ values, args, printed }) => {
      const options = pastOptions(values, args, format(values.output, ['text', 'json']));
      const to = values.to === undefined ? undefined : readMoment('--to', values.to, new Date());
      await (await import('./past/commands.ts')).diff({ ...options, at: needed('--at', values.at), to });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane undo',
      description: 'take one change of an object back, and nothing else; or bring a deleted one back',
      takes: '<kind/name>',
      flags: {
        ...shared,
        revision: { value: 'revision', help: 'of the change, as `zeroplane history` says; default: the last' },
        'dry-run': { help: 'say what it would do' },
        yes: { short: 'y', help: 'do not ask' },
        output: { value: 'format', short: 'o', help: 'text or json', default: 'text' },
      },
    },
    async ({ values, args, printed }) => {
      const { revision, yes, 'dry-run': dryRun } = values;
      if (revision !== undefined && !/^[0-9]+$/.test(revision))
        throw new CommandLineError(
          `--revision: give the number that \`zeroplane history\` says, not ${JSON.stringify(revision)}`,
        );
      const options = pastOptions(values, args, format(values.output, ['text', 'json']));
      await (await import('./past/commands.ts')).undoChange({ ...options, revision, yes, dryRun });
      return printed;
    },
  ),
];

function pastOptions<F extends PastOptions['output']>(
  values: SharedValues,
  args: readonly string[],
  output: F,
): PastOptions {
  const [kind, name] = named(args);
  const [why] = values.namespace === undefined ? [] : dns1123Label(values.namespace);
  if (why !== undefined) throw new CommandLineError(`--namespace: ${JSON.stringify(values.namespace)}: ${why}`);
  return {
    signIn: {
      kubeconfig: values.kubeconfig,
      dataDir: values['data-dir'],
      server: values.server,
      certificateAuthority: values['certificate-authority'],
      token: undefined,
      tokenFile: values['token-file'],
      oidc: false,
      audience: 'zeroplane',
    },
    namespace: values.namespace,
    kind,
    name,
    output,
  };
}

/** `deployment/web`, or `deployment web` as kubectl takes it too. */
function named(args: readonly string[]): readonly [kind: string, name: string | undefined] {
  const [first = '', second, more] = args;
  if (more !== undefined) throw new CommandLineError(`unexpected argument ${JSON.stringify(more)}: give one KIND/NAME`);
  const slash = first.indexOf('/');
  const [kind, name] = slash < 0 ? [first, second] : [first.slice(0, slash), first.slice(slash + 1)];
  if (slash >= 0 && second !== undefined)
    throw new CommandLineError(`unexpected argument ${JSON.stringify(second)}: give one KIND/NAME`);
  if (kind === '' || name === '') throw new CommandLineError('which object? Give KIND/NAME, such as deployment/web');
  return [kind, name];
}

function format<F extends string>(text: string, known: readonly F[]): F {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new CommandLineError(`--output: give ${known.join(' or ')}, not ${JSON.stringify(text)}`);
}

function needed(flag: string, text: string | undefined): string {
  if (text === undefined) throw new CommandLineError(`${flag} is missing: give ${moment}`);
  return readMoment(flag, text, new Date());
}
