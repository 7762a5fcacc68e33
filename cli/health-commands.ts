// `zeroplane status` and `zeroplane doctor`: how a cluster, a node or a machine is, and what to do about it.

import { CommandLineError } from '../core/process/command-line.ts';
import { defaultDataDir } from '../local/default-data-dir.ts';
import { type Command, command } from './command.ts';

const cluster = {
  'data-dir': { value: 'dir', help: 'of the cluster on this machine', default: defaultDataDir },
  kubeconfig: { value: 'file', help: "of another cluster; default: KUBECONFIG, then this machine's" },
} as const;

export const healthCommands: readonly Command[] = [
  command(
    {
      name: 'zeroplane status',
      description:
        'say what of a cluster is healthy, what is not, why, and what to do next; ends with 1 when something is at fault',
      flags: cluster,
    },
    async ({ values: { 'data-dir': dataDir, kubeconfig }, json, printed }) => {
      await (await import('../local/health/status.ts')).status({ dataDir, kubeconfig, json });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane doctor',
      description:
        'look for what is wrong with this machine, a node, the cluster, or (--aws) an account and a cluster on AWS; ends with 1 when something is',
      takes: '[machine|node NAME|cluster]',
      flags: {
        ...cluster,
        server: { value: 'url', help: 'of the API that this machine should reach; with --aws: ApiUrl of the stack' },
        aws: { help: 'the account, before a deployment; with --server also the cluster that is deployed' },
        cluster: { value: 'name', help: 'with --aws: name of the cluster' },
        region: { value: 'region', help: 'with --aws: its region; default: AWS_REGION' },
        'role-arn': { value: 'arn', help: 'with --aws: a role to assume for requests to the cluster' },
      },
    },
    async ({ values, args, json, printed }) => {
      const { 'data-dir': dataDir, kubeconfig, server } = values;
      const [what, name, more] = args;
      if (more !== undefined || (name !== undefined && what !== 'node'))
        throw new CommandLineError(
          `unexpected argument ${JSON.stringify(more ?? name)}: \`zeroplane doctor --help\` says what it takes`,
        );
      if (server !== undefined && !URL.canParse(server))
        throw new CommandLineError(
          `--server: give a URL, such as https://10.0.0.1:6443, not ${JSON.stringify(server)}`,
        );
      if (values.aws) {
        if (what !== undefined)
          throw new CommandLineError(`--aws looks at an account and its cluster: leave out ${what}`);
        const region = values.region || process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'];
        if (!region) throw new CommandLineError('--region is missing: name the region of the cluster');
        const { awsDoctor } = await import('./aws-doctor.ts');
        await awsDoctor({ region, server, cluster: values.cluster, roleArn: values['role-arn'], json });
        return printed;
      }
      const checks = await import('../local/health/doctor.ts');
      const options = { dataDir, kubeconfig, server, json };
      switch (what) {
        case undefined:
          await checks.doctor(options);
          return printed;
        case 'machine':
          await checks.machineDoctor(options);
          return printed;
        case 'cluster':
          await checks.clusterDoctor(options);
          return printed;
        case 'node':
          if (name === undefined) throw new CommandLineError('name a node: `zeroplane node list` says which there are');
          await checks.nodeDoctor(name, options);
          return printed;
        default:
          throw new CommandLineError(`doctor: ${JSON.stringify(what)} is none of machine, node and cluster`);
      }
    },
  ),
];
