// `zeroplane kubeconfig merge` and `switch`: many clusters in one kubeconfig.

import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';

export const kubeconfigCommands: readonly Command[] = [
  command(
    {
      name: 'zeroplane kubeconfig merge',
      description: "put a kubeconfig, or that of this machine's cluster, into the one that kubectl reads",
      takes: '[file]',
      flags: {
        into: { value: 'file', help: 'default: the first of KUBECONFIG, then ~/.kube/config' },
        name: { value: 'name', help: 'for its context, cluster and user there' },
        switch: { help: 'have kubectl use it from now on' },
        'data-dir': { value: 'dir', help: 'of the cluster on this machine', default: defaultDataDir },
      },
    },
    async ({ values, args, answer }) => {
      const { mergeKubeconfig } = await import('../local/kubeconfig-files.ts');
      if (values.name === '') throw new CommandLineError('--name: it is empty: leave it out, or name the cluster');
      const merged = mergeKubeconfig({
        ...{ from: oneOrNone(args), into: values.into, name: values.name },
        ...{ switches: values.switch, dataDir: values['data-dir'] },
      });
      return answer(merged);
    },
  ),
  command(
    {
      name: 'zeroplane kubeconfig switch',
      description: 'have kubectl use another context of its kubeconfig; without a name: say which there are',
      takes: '[name]',
      flags: {},
    },
    async ({ args, json, printed }) => {
      (await import('../local/kubeconfig-files.ts')).switchContext(oneOrNone(args), { json });
      return printed;
    },
  ),
];

function oneOrNone([only, more]: readonly string[]): string | undefined {
  if (more !== undefined) throw new CommandLineError(`unexpected argument ${JSON.stringify(more)}: one is enough`);
  return only;
}
