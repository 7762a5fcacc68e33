// `zeroplane cluster ...`: clusters beside the one on this machine, in the same process and on the same port.

import { parseQuantity } from '../core/machinery/quantity.ts';
import { readDuration } from '../core/machinery/time.ts';
import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';

const host = {
  'data-dir': { value: 'dir', help: 'of the cluster on this machine', default: defaultDataDir },
  kubeconfig: { value: 'file', help: "of the cluster that hosts them; default: KUBECONFIG, then this machine's" },
} as const;

/** Of `zeroplane up`: how much goes to them. */
export const clusterLimitFlags = {
  clusters: { value: 'number', help: 'that it may host beside its own; 0 for none; default: 200' },
  'cluster-size': { value: 'bytes', help: 'that the store of each may take, such as 1Gi; default: 256Mi' },
  'cluster-idle': { value: 'duration', help: 'without a request after which one leaves memory; default: 5m' },
} as const;

export function clusterLimits(values: { readonly [Name in keyof typeof clusterLimitFlags]: string | undefined }) {
  const { clusters, 'cluster-size': size, 'cluster-idle': idle } = values;
  return {
    ...(clusters !== undefined && { most: count('--clusters', clusters) }),
    ...(size !== undefined && { bytes: bytes('--cluster-size', size) }),
    ...(idle !== undefined && { idleMs: duration('--cluster-idle', idle) }),
  };
}

export const clusterCommands: readonly Command[] = [
  command(
    {
      name: 'zeroplane cluster create',
      description: 'make a cluster beside this one: prints its kubeconfig once it answers',
      takes: '<name>',
      flags: {
        ...host,
        ttl: { value: 'duration', help: 'after which it is deleted, such as 8h; default: never' },
        from: { value: 'cluster', help: 'whose objects it begins with' },
        file: { value: 'file', help: 'where to write its kubeconfig, instead' },
      },
    },
    async ({ values: { ttl, from, file, ...values }, args, answer }) => {
      const { createCluster } = await import('../local/cluster-commands.ts');
      const ttlMs = ttl === undefined ? undefined : duration('--ttl', ttl);
      const made = await createCluster(only(args), { ...at(values), ttlMs, from, file });
      const kubeconfig = await parsed(made.kubeconfig);
      return answer({ ...made, ...(kubeconfig !== undefined && { kubeconfig }) }, made.kubeconfig);
    },
  ),
  command(
    {
      name: 'zeroplane cluster list',
      description: 'say which clusters there are beside this one',
      flags: { ...host },
    },
    async ({ values, json, printed }) => {
      await (await import('../local/cluster-commands.ts')).listClusters({ ...at(values), json });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane cluster kubeconfig',
      description: "print a cluster's kubeconfig, for its administrator",
      takes: '<name>',
      flags: host,
    },
    async ({ values, args, answer }) => {
      const { clusterKubeconfig } = await import('../local/cluster-commands.ts');
      const text = await clusterKubeconfig(only(args), at(values));
      return answer(await parsed(text), text);
    },
  ),
  command(
    {
      name: 'zeroplane cluster delete',
      description: 'delete a cluster and all that is in it',
      takes: '<name>',
      flags: host,
    },
    async ({ values, args, answer }) => {
      const name = only(args);
      await (await import('../local/cluster-commands.ts')).deleteCluster(name, at(values));
      return answer({ name, deleted: true });
    },
  ),
];

async function parsed(yaml: string | undefined): Promise<unknown> {
  return yaml === undefined ? undefined : (await import('yaml')).parse(yaml);
}

function at(values: { 'data-dir': string; kubeconfig: string | undefined }) {
  return { dataDir: values['data-dir'], kubeconfig: values.kubeconfig };
}

function only(args: readonly string[]): string {
  const [name, more] = args;
  if (name === undefined) throw new CommandLineError('name a cluster: `zeroplane cluster list` says which there are');
  if (more !== undefined)
    throw new CommandLineError(`unexpected argument ${JSON.stringify(more)}: one cluster at a time`);
  return name;
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 10_000) return value;
  throw new CommandLineError(`${flag}: give a number of clusters, such as 100, not ${JSON.stringify(text)}`);
}

/** Less than a new cluster takes for its first objects would make none. */
const leastBytes = 4 * 1024 * 1024;

function bytes(flag: string, text: string): number {
  try {
    const value = Number(parseQuantity(text).nanos / 1_000_000_000n);
    if (value >= leastBytes) return value;
  } catch {
    // Said below.
  }
  throw new CommandLineError(`${flag}: give at least 4Mi, such as 256Mi, not ${JSON.stringify(text)}`);
}

function duration(flag: string, text: string): number {
  const value = readDuration(text);
  if (value !== undefined && value >= 1000) return value;
  throw new CommandLineError(`${flag}: give a duration of a second or more, such as 8h, not ${JSON.stringify(text)}`);
}
