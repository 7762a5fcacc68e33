// The commands for clusters on AWS.

import { readDuration } from '../core/machinery/time.ts';
import { CommandLineError } from '../core/process/command-line.ts';
import { newBootstrapToken } from '../local/nodes/token.ts';
import { type Command, command } from './command.ts';
import { hours } from './nodes.ts';
import { port } from './port.ts';

const aws = {
  cluster: { value: 'name', help: 'name of the cluster', required: true },
  region: { value: 'region', help: 'its region', required: true },
  'role-arn': { value: 'arn', help: "a role to assume, such as AdminRoleArn of the stack's outputs" },
} as const;

export const awsCommands: readonly Command[] = [
  command(
    {
      name: 'zeroplane kubeconfig',
      description: 'write a kubeconfig for a cluster on AWS',
      flags: {
        ...aws,
        aws: { help: 'kubectl then proves your IAM identity' },
        server: { value: 'url', help: "ApiUrl of the stack's outputs", required: true },
        to: { value: 'file', help: 'where to write it; default: standard output' },
        direct: { help: 'kubectl asks the API itself, without `zeroplane connect`, which makes open watches cheap' },
        port: { value: 'port', help: 'of `zeroplane connect` on this machine; default: a free one' },
      },
    },
    async ({ values: { 'role-arn': roleArn, port: given, ...values }, answer }) => {
      const { writeAwsKubeconfig } = await import('./aws.ts');
      const of = given === undefined ? undefined : port('--port', given);
      const config = await writeAwsKubeconfig({ ...values, roleArn, port: of });
      if (values.to !== undefined) return answer({ file: values.to });
      return answer(config, (await import('yaml')).stringify(config));
    },
  ),
  command(
    {
      name: 'zeroplane connect',
      description: 'serve the API of a cluster on AWS to your programs on this machine; kubectl starts it by itself',
      takes: '<cluster>',
      flags: { idle: { value: 'duration', help: 'it ends when it was not used for so long', default: '30m' } },
    },
    async ({ values, args, answer }) => {
      const cluster = only(args);
      const { server, url, ended } = await (await import('./connect.ts')).connect({
        cluster,
        idleMs: idle('--idle', values.idle),
      });
      console.error(`Serving ${server} on ${url}`);
      const done = answer({ cluster, server, url });
      await ended;
      return done;
    },
  ),
  command(
    {
      name: 'zeroplane connect-token',
      description: 'print a credential for kubectl that lets it use `zeroplane connect`, and start that',
      takes: '<cluster>',
      flags: {},
    },
    async ({ args, printed }) => {
      await (await import('./connect.ts')).printConnectToken(only(args));
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane aws-token',
      description: 'print a credential for kubectl (client.authentication.k8s.io/v1) that proves your IAM identity',
      flags: aws,
    },
    async ({ values: { 'role-arn': roleArn, ...values }, printed }) => {
      await (await import('./aws.ts')).printAwsToken({ ...values, roleArn });
      return printed;
    },
  ),
  command(
    {
      name: 'zeroplane join-token',
      description: 'print the Secret that lets one node join: `zeroplane join-token | kubectl apply -f -`',
      flags: { hours: { value: 'hours', help: 'how long it is good', default: '24' } },
    },
    async ({ values, answer }) => {
      const { bearer, expires, secret } = newBootstrapToken(hours('--hours', values.hours), new Date());
      console.error(`Token for one node, good until ${expires.toISOString()}: ${bearer}`);
      return answer(secret, (await import('yaml')).stringify(secret));
    },
  ),
];

function only(args: readonly string[]): string {
  const [cluster, more] = args;
  if (cluster === undefined || more !== undefined)
    throw new CommandLineError('name one cluster, as `zeroplane kubeconfig --aws --cluster` did');
  return cluster;
}

/** Milliseconds. */
function idle(flag: string, text: string): number {
  const value = readDuration(text);
  if (value !== undefined && value > 0 && value < 2 ** 31) return value;
  throw new CommandLineError(`${flag}: give a duration, such as 30m, not ${JSON.stringify(text)}`);
}
