// `zeroplane kubeconfig merge` and `switch`: many clusters in one kubeconfig.

import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';
import { isJson, outputFlag } from './output-flag.ts';

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
    async ({ values, args }) => {
      const { mergeKubeconfig } = await import('../local/kubeconfig-files.ts');
      if (values.name === '') throw new CommandLineError('--name: it is empty: leave it out, or name the cluster');
      mergeKubeconfig({
        ...{ from: oneOrNone(args), into: values.into, name: values.name },
        ...{ switches: values.switch, dataDir: values['data-dir'] },
      });
    },
  ),
  command(
    {
      name: 'zeroplane kubeconfig switch',
      description: 'have kubectl use another context of its kubeconfig; without a name: say which there are',
      takes: '[name]',
      flags: outputFlag,
    },
    async ({ values, args }) =>
      (await import('../local/kubeconfig-files.ts')).switchContext(oneOrNone(args), { json: isJson(values.output) }),
  ),
];

function oneOrNone([only, more]: readonly string[]): string | undefined {
  if (more !== undefined) throw new CommandLineError(`unexpected argument ${JSON.stringify(more)}: one is enough`);
  return only;
}
