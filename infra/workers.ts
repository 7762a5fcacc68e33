// An optional group of EC2 workers: machines that install the agent and join by their IAM identity. No secret is in their user data.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnOutput, Duration, Lazy, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import {
  AutoScalingGroup,
  type CfnAutoScalingGroup,
  DefaultResult,
  LifecycleTransition,
  UpdatePolicy,
} from 'aws-cdk-lib/aws-autoscaling';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  OperatingSystemType,
  Port,
  SecurityGroup,
  SubnetType,
  UserData,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { ParameterValueType, StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { ClusterOptions } from './options.ts';
import { type LockedNode, userDataOf } from './worker-bootstrap.ts';

export function createWorkerRole(scope: Construct): Role {
  return new Role(scope, 'WorkerRole', {
    description: 'Workers: may join the cluster, and be reached with SSM Session Manager',
    assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('AmazonSSMManagedInstanceCore')],
  });
}

export interface WorkersOptions {
  readonly options: ClusterOptions;
  readonly role: Role;
  readonly apiUrl: string;
  readonly bundleDirectory: string;
  readonly drainer: LambdaFunction;
}

export function createWorkers(
  scope: Construct,
  { options, role, apiUrl, bundleDirectory, drainer }: WorkersOptions,
): void {
  const { name, workers, workerInstanceType, workerImage } = options;
  const { region, urlSuffix, stackId, stackName } = Stack.of(scope);
  const directory = join(bundleDirectory, 'agent');
  const agent = new Asset(scope, 'Agent', { path: directory });
  // One object: others of the account lie in the same bucket.
  role.addToPolicy(
    new PolicyStatement({ actions: ['s3:GetObject'], resources: [agent.bucket.arnForObjects(agent.s3ObjectKey)] }),
  );
  // Workers only dial out: public subnets, no gateway that costs by the hour, and nothing may come in but from each other.
  const vpc = new Vpc(scope, 'Network', {
    maxAzs: 2,
    natGateways: 0,
    subnetConfiguration: [{ name: 'workers', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: true }],
  });
  const securityGroup = new SecurityGroup(scope, 'WorkerFirewall', {
    vpc,
    description: 'Workers reach each other and the Internet; nothing else reaches them',
  });
  securityGroup.addIngressRule(securityGroup, Port.allTraffic(), 'pods of other workers');
  const userData = UserData.forLinux();
  userData.addCommands(
    ...userDataOf({
      cluster: name,
      region,
      urlSuffix,
      apiUrl,
      agentUrl: agent.httpUrl,
      node: lockedNode('arm64'),
      stackName,
      logicalId: Lazy.string({ produce: () => logicalIdOf(group) }),
    }),
  );
  const template = new LaunchTemplate(scope, 'WorkerTemplate', {
    instanceType: new InstanceType(workerInstanceType),
    // Without a pin each deployment takes the newest, and changes the instances when there is one.
    machineImage: {
      getImage: () => ({ imageId: workerImage ?? newestImage(scope), osType: OperatingSystemType.LINUX, userData }),
    },
    role,
    securityGroup,
    requireImdsv2: true,
    httpTokens: LaunchTemplateHttpTokens.REQUIRED,
    // One hop: pods, which are one further, cannot take the machine's identity.
    httpPutResponseHopLimit: 1,
    userData,
    blockDevices: [
      {
        deviceName: '/dev/sda1',
        volume: BlockDeviceVolume.ebs(30, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3 }),
      },
    ],
  });
  const group = new AutoScalingGroup(scope, 'Workers', {
    vpc,
    vpcSubnets: { subnetType: SubnetType.PUBLIC },
    launchTemplate: template,
    minCapacity: workers,
    maxCapacity: workers,
    // Each instance says itself that it is a node (worker-bootstrap.ts). A new stack does not wait: it stands without workers, too.
    updatePolicy: UpdatePolicy.rollingUpdate({
      maxBatchSize: 1,
      minInstancesInService: Math.max(0, workers - 1),
      waitOnResourceSignals: true,
      pauseTime: Duration.minutes(20),
    }),
  });
  role.addToPolicy(new PolicyStatement({ actions: ['cloudformation:SignalResource'], resources: [stackId] }));
  drainFirst(scope, group, drainer);
  group.applyRemovalPolicy(RemovalPolicy.DESTROY);
  Tags.of(group).add('Name', `${name}-worker`);
  new CfnOutput(scope, 'WorkerGroup', {
    value: group.autoScalingGroupName,
    description: 'Auto scaling group of workers',
  });
}

/** An instance that is to end waits until the drainer says that it may go, or is not heard of for five minutes. */
function drainFirst(scope: Construct, group: AutoScalingGroup, drainer: LambdaFunction): void {
  group.addLifecycleHook('Drain', {
    lifecycleTransition: LifecycleTransition.INSTANCE_TERMINATING,
    heartbeatTimeout: Duration.minutes(5),
    defaultResult: DefaultResult.CONTINUE,
  });
  new Rule(scope, 'WorkerEnds', {
    description: 'workers are drained before they end',
    eventPattern: {
      source: ['aws.autoscaling'],
      detailType: ['EC2 Instance-terminate Lifecycle Action'],
      detail: { AutoScalingGroupName: [group.autoScalingGroupName] },
    },
    targets: [new FunctionTarget(drainer)],
  });
  const arn = Stack.of(scope).formatArn({
    service: 'autoscaling',
    resource: 'autoScalingGroup:*:autoScalingGroupName',
    resourceName: group.autoScalingGroupName,
  });
  drainer.addToRolePolicy(
    new PolicyStatement({
      actions: ['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'],
      resources: [arn],
    }),
  );
}

/** A Spot instance that is taken back says so two minutes before, whoever started it. */
export function drainInterrupted(scope: Construct, drainer: LambdaFunction): void {
  new Rule(scope, 'SpotInterruption', {
    description: 'nodes on Spot instances are drained in the two minutes that they have left',
    eventPattern: { source: ['aws.ec2'], detailType: ['EC2 Spot Instance Interruption Warning'] },
    targets: [new FunctionTarget(drainer)],
  });
}

function newestImage(scope: Construct): string {
  const name = '/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id';
  return StringParameter.valueForTypedStringParameterV2(scope, name, ParameterValueType.AWS_EC2_IMAGE_ID);
}

function logicalIdOf(group: AutoScalingGroup): string {
  // as: what the construct makes, always.
  return Stack.of(group).getLogicalId(group.node.defaultChild as CfnAutoScalingGroup);
}

function lockedNode(architecture: 'arm64' | 'x64'): LockedNode {
  const name = `node-linux-${architecture}`;
  // as: npm's own format, version 3.
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (!version || !integrity?.startsWith('sha512-')) throw new Error(`package-lock.json has no ${name} with its hash`);
  return { name, version, sha512: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') };
}
