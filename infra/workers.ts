// An optional group of EC2 workers: machines that install the agent and join by their IAM identity. No secret is in their user data.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { AutoScalingGroup, Signals, UpdatePolicy } from 'aws-cdk-lib/aws-autoscaling';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MachineImage,
  Port,
  SecurityGroup,
  SubnetType,
  UserData,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { ClusterOptions } from './options.ts';

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
}

export function createWorkers(scope: Construct, { options, role, apiUrl, bundleDirectory }: WorkersOptions): void {
  const { name, workers, workerInstanceType } = options;
  const directory = join(bundleDirectory, 'agent');
  const agent = new Asset(scope, 'Agent', { path: directory });
  agent.grantRead(role);
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
  const template = new LaunchTemplate(scope, 'WorkerTemplate', {
    instanceType: new InstanceType(workerInstanceType),
    machineImage: MachineImage.fromSsmParameter(
      '/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id',
    ),
    role,
    securityGroup,
    requireImdsv2: true,
    httpTokens: LaunchTemplateHttpTokens.REQUIRED,
    // One hop: pods, which are one further, cannot take the machine's identity.
    httpPutResponseHopLimit: 1,
    userData: userData(scope, name, apiUrl, agent),
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
    signals: Signals.waitForCount(0),
    updatePolicy: UpdatePolicy.rollingUpdate({ maxBatchSize: 1, minInstancesInService: Math.max(0, workers - 1) }),
  });
  group.applyRemovalPolicy(RemovalPolicy.DESTROY);
  Tags.of(group).add('Name', `${name}-worker`);
  new CfnOutput(scope, 'WorkerGroup', {
    value: group.autoScalingGroupName,
    description: 'Auto scaling group of workers',
  });
}

/** The Node that the agent is made for, as package-lock.json has it. */
interface LockedNode {
  readonly name: string;
  readonly version: string;
  /** In hexadecimal. */
  readonly sha512: string;
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

/** Nothing of it runs before its hash was compared. */
function installNode({ name, version, sha512 }: LockedNode): string[] {
  const archive = `${name}-${version}.tgz`;
  return [
    `(cd /tmp && npm pack --silent --ignore-scripts ${name}@${version})`,
    `echo "${sha512}  /tmp/${archive}" | sha512sum --check --strict -`,
    `mkdir -p /opt/node && tar -xzf /tmp/${archive} -C /opt/node --strip-components=1 && rm /tmp/${archive}`,
  ];
}

function userData(scope: Construct, cluster: string, apiUrl: string, agent: Asset): UserData {
  const { region } = Stack.of(scope);
  const data = UserData.forLinux();
  data.addCommands(
    'set -eu',
    'export DEBIAN_FRONTEND=noninteractive',
    'apt-get update -q',
    'apt-get install -q -y --no-install-recommends containerd runc containernetworking-plugins nftables conntrack iproute2 wireguard-tools curl unzip npm',
    'systemctl disable --now containerd || true',
    ...installNode(lockedNode('arm64')),
    'IMDS=http://169.254.169.254/latest',
    'TOKEN=$(curl -sf -X PUT $IMDS/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 300")',
    'meta() { curl -sf -H "X-aws-ec2-metadata-token: $TOKEN" $IMDS/meta-data/$1; }',
    'ROLE=$(meta iam/security-credentials/)',
    'meta iam/security-credentials/$ROLE > /run/role.json',
    'key() { sed -n "s/.*\\"$1\\" : \\"\\([^\\"]*\\)\\".*/\\1/p" /run/role.json; }',
    `curl -sfL --aws-sigv4 "aws:amz:${region}:s3" --user "$(key AccessKeyId):$(key SecretAccessKey)" -H "x-amz-security-token: $(key Token)" -o /tmp/agent.zip "${agent.httpUrl}"`,
    'rm -f /run/role.json',
    'mkdir -p /opt/zeroplane && unzip -q -o /tmp/agent.zip -d /opt/zeroplane',
    'ID=$(meta instance-id)',
    'cat > /etc/systemd/system/zeroplane-agent.service <<UNIT',
    '[Unit]',
    'Description=Zeroplane node agent',
    'After=network-online.target',
    'Wants=network-online.target',
    '[Service]',
    `ExecStart=/opt/node/bin/node /opt/zeroplane/index.mjs join --server ${apiUrl} --aws --cluster ${cluster} --region ${region} --node-name $ID --data-dir /var/lib/zeroplane/agent`,
    'Restart=always',
    'RestartSec=5',
    'KillMode=process',
    '[Install]',
    'WantedBy=multi-user.target',
    'UNIT',
    'systemctl daemon-reload',
    'systemctl enable --now zeroplane-agent',
  );
  return data;
}
