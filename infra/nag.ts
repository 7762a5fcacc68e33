// cdk-nag's AWS Solutions rules, and where this cluster deviates from them: each exception with its reason.

import { type App, type CfnElement, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ClusterStack } from './cluster-stack.ts';
import type { ClusterOptions } from './options.ts';

const exceptions: readonly { readonly id: string; readonly reason: string }[] = [
  {
    id: 'AwsSolutions-APIG1',
    reason:
      'Access logs need a role set for the whole account, which a cluster must not change. The functions log each request.',
  },
  {
    id: 'AwsSolutions-APIG2',
    reason: 'Requests are validated by the API server, by the schema of each Kubernetes kind.',
  },
  {
    id: 'AwsSolutions-APIG3',
    reason: 'A WAF costs more than the cluster. The stage is throttled, and every request is authenticated.',
  },
  {
    id: 'AwsSolutions-APIG4',
    reason: 'Kubernetes clients bring their own credentials, which the API server checks; RBAC decides.',
  },
  { id: 'AwsSolutions-APIG6', reason: 'As APIG1: the functions log each request.' },
  {
    id: 'AwsSolutions-COG4',
    reason: 'Users are IAM identities, service accounts and OIDC tokens, not a Cognito pool.',
  },
  {
    id: 'AwsSolutions-S1',
    reason:
      'Only the functions read and write the bucket, by the hash of the content; a log of that would cost more than it tells.',
  },
  {
    id: 'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonSSMManagedInstanceCore]',
    reason: 'AmazonSSMManagedInstanceCore is what Session Manager asks of an instance.',
  },
  { id: 'AwsSolutions-SQS3', reason: 'The queues without a dead-letter queue are the dead-letter queues.' },
  {
    id: 'AwsSolutions-VPC7',
    reason: "Workers take no connections from outside; flow logs are the owner's to switch on.",
  },
  { id: 'AwsSolutions-AS3', reason: 'A worker that comes or goes is a Node in Kubernetes: that is where it is seen.' },
  { id: 'AwsSolutions-EC26', reason: 'The volume is encrypted in the launch template, where the rule does not look.' },
];

export function checkWithNag(app: App, stack: ClusterStack, options: ClusterOptions): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  for (const exception of exceptions) Validations.of(stack).acknowledge(exception);
  for (const { finding, reason } of wildcards(stack, options))
    Validations.of(stack).acknowledge({ id: `AwsSolutions::AwsSolutions-IAM5[${finding}]`, reason });
}

/** Rights with a `*` in them, one by one: what is not listed here fails the synthesis. */
function wildcards(stack: ClusterStack, { name, workers, bucketName }: ClusterOptions) {
  const bucket =
    bucketName === ''
      ? // as: a bucket's resource is its default child.
        `<${stack.getLogicalId(stack.state.bucket.node.defaultChild as CfnElement)}.Arn>`
      : `arn:<AWS::Partition>:s3:::${bucketName}`;
  // as: likewise.
  const channel = stack.getLogicalId(stack.node.findChild('ChannelApi').node.defaultChild as CfnElement);
  const found = [
    { finding: `Resource::${bucket}/values/*`, reason: 'Large values are named by the hash of their content.' },
    { finding: `Resource::${bucket}/values/hosted/*`, reason: 'The same, of the clusters that this one hosts.' },
    {
      finding: `Resource::arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:${name}-node-*`,
      reason: 'The queues of nodes are made when nodes join, under a prefix of the cluster.',
    },
    {
      finding: `Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${channel}>/prod/POST/@connections/*`,
      reason: 'Edges come and go: their connections have names of their own.',
    },
    {
      finding: 'Resource::*',
      reason: 'dynamodb:ListStreams, which the event source needs, and ec2:DescribeInstances name no resource.',
    },
  ];
  // as: a group's resource is its default child.
  const group =
    workers > 0 ? stack.getLogicalId(stack.node.findChild('Workers').node.findChild('ASG') as CfnElement) : '';
  const bootstrapBucket = 'arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*';
  const assets = ['Action::s3:GetBucket*', 'Action::s3:GetObject*', 'Action::s3:List*', `Resource::${bootstrapBucket}`];
  return workers === 0
    ? found
    : [
        ...found,
        {
          finding: `Resource::arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:autoScalingGroup:*:autoScalingGroupName/<${group}>`,
          reason: 'The ARN of a group has a random part that its template does not know; the name is one group.',
        },
        ...assets.map((finding) => ({ finding, reason: 'As CDK grants the reading of its assets: the agent.' })),
      ];
}
