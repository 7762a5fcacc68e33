// The commands for clusters on AWS.

import { type Command, command } from './command.ts';
import { hours } from './nodes.ts';

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
        output: { value: 'file', help: 'where to write it; default: standard output' },
      },
    },
    async ({ values: { 'role-arn': roleArn, ...values } }) =>
      (await import('./aws.ts')).writeAwsKubeconfig({ ...values, roleArn }),
  ),
  command(
    {
      name: 'zeroplane aws-token',
      description: 'print a credential for kubectl (client.authentication.k8s.io/v1) that proves your IAM identity',
      flags: aws,
    },
    async ({ values: { 'role-arn': roleArn, ...values } }) =>
      (await import('./aws.ts')).printAwsToken({ ...values, roleArn }),
  ),
  command(
    {
      name: 'zeroplane join-token',
      description: 'print the Secret that lets one node join: `zeroplane join-token | kubectl apply -f -`',
      flags: { hours: { value: 'hours', help: 'how long it is good', default: '24' } },
    },
    async ({ values }) => (await import('./aws.ts')).printJoinToken({ hours: hours('--hours', values.hours) }),
  ),
];
