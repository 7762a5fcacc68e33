// The commands about nodes: `zeroplane node ...` for an administrator of a cluster, `zeroplane agent ...` on a node.

import { withoutEnd } from '../core/machinery/text-ends.ts';
import { readDuration } from '../core/machinery/time.ts';
import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';

const cluster = {
  'data-dir': { value: 'dir', help: 'of the cluster on this machine', default: defaultDataDir },
  kubeconfig: { value: 'file', help: "of another cluster; default: KUBECONFIG, then this machine's" },
} as const;

const draining = {
  ...cluster,
  force: { help: 'also pods that nobody makes again, and what is in emptyDir volumes' },
  timeout: { value: 'duration', help: 'how long to wait for pods to end', default: '5m' },
} as const;

export const nodeCommands: readonly Command[] = [
  command(
    {
      name: 'zeroplane node token',
      description: 'let one machine join, once: prints the line to type there',
      flags: {
        ...cluster,
        hours: { value: 'hours', help: 'how long it is good', default: '24' },
        server: { value: 'url', help: "by which the machine reaches the API server; default: this machine's address" },
        quiet: { help: 'print the token alone', short: 'q' },
      },
    },
    async ({ values: { 'data-dir': dataDir, ...values }, json, printed }) => {
      const server = values.server === undefined ? undefined : url('--server', values.server);
      const { printNodeToken } = await import('../local/nodes/token.ts');
      await printNodeToken({ dataDir, ...values, json, hours: hours('--hours', values.hours), server });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane node list',
      description: 'say which nodes there are, and how they are',
      flags: cluster,
    },
    async ({ values: { 'data-dir': dataDir, kubeconfig }, json, printed }) => {
      await (await import('../local/nodes/list.ts')).listNodes({ dataDir, kubeconfig, json });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane node drain',
      description: 'have a node give its pods away, as their disruption budgets allow, and take no more',
      takes: '<name>',
      flags: draining,
    },
    async ({ values, args, answer }) => {
      const { drainNode } = await import('../local/nodes/drain.ts');
      const node = only(args);
      await drainNode(node, drainOptions(values));
      return answer(
        { node, drained: true },
        `Node ${node} is drained, and takes no pods. To have it take some again: kubectl uncordon ${node}`,
      );
    },
  ),
  command(
    {
      name: 'zeroplane node remove',
      description: 'drain a node and take it out of the cluster: its credentials end',
      takes: '<name>',
      flags: draining,
    },
    async ({ values, args, answer }) => {
      const { removeNode } = await import('../local/nodes/drain.ts');
      const node = only(args);
      await removeNode(node, drainOptions(values));
      return answer(
        { node, removed: true },
        `Node ${node} has left the cluster: its credentials are refused from now on.\nTo take the agent off its machine, there: zeroplane agent uninstall`,
      );
    },
  ),
  {
    name: 'zeroplane agent',
    description: 'run the node agent, or make this machine a node and take that back',
    line: async () => (await import('../agent/options.ts')).commandLine,
    run: async (args) => {
      // It reads its own command line.
      process.argv.splice(2, process.argv.length, ...args);
      await import('../agent/main.ts');
    },
  },
];

function drainOptions(values: { 'data-dir': string; kubeconfig: string | undefined; force: boolean; timeout: string }) {
  const timeout = readDuration(values.timeout);
  if (timeout === undefined || timeout < 0)
    throw new CommandLineError(`--timeout: give a duration, such as 5m, not ${JSON.stringify(values.timeout)}`);
  return { dataDir: values['data-dir'], kubeconfig: values.kubeconfig, force: values.force, timeout };
}

function only(args: readonly string[]): string {
  const [name, more] = args;
  if (name === undefined) throw new CommandLineError('name a node: `zeroplane node list` says which there are');
  if (more !== undefined) throw new CommandLineError(`unexpected argument ${JSON.stringify(more)}: one node at a time`);
  return name;
}

export function hours(flag: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 8760) return value;
  throw new CommandLineError(`${flag}: give a number of hours, such as 24, not ${JSON.stringify(text)}`);
}

function url(flag: string, text: string): string {
  if (/^https:\/\//.test(text) && URL.canParse(text)) return withoutEnd(text, '/');
  throw new CommandLineError(`${flag}: give a URL, such as https://10.0.0.1:6443, not ${JSON.stringify(text)}`);
}
