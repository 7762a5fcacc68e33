// A whole cluster as one stack.

import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { createAgentPrograms } from './agent-programs.ts';
import { createAlarms } from './alarms.ts';
import { createApi } from './api.ts';
import { createChannel } from './channel.ts';
import { createFunctions } from './functions.ts';
import type { KeptTable } from './kept-table.ts';
import type { ClusterOptions } from './options.ts';
import { createSchedules } from './schedules.ts';
import { createState, type State } from './state.ts';
import { createWorkerRole, createWorkers, drainInterrupted } from './workers.ts';

export interface ClusterStackProps extends StackProps {
  readonly options: ClusterOptions;
  /** Where the functions are bundled, and the agent if there are workers. */
  readonly bundleDirectory: string;
  /** The table that the options name. */
  readonly kept?: KeptTable | undefined;
}

// A class, because CDK makes stacks by extending.
export class ClusterStack extends Stack {
  readonly state: State;

  constructor(scope: Construct, id: string, { options, bundleDirectory, kept, ...props }: ClusterStackProps) {
    super(scope, id, { description: `Zeroplane cluster ${options.name}`, ...props });
    Tags.of(this).add('zeroplane.dev/cluster', options.name);
    const queuePrefix = `${options.name}-`;
    const state = createState(this, options, kept);
    this.state = state;
    const adminRole = new Role(this, 'AdminRole', {
      description: `Administrators of ${options.name}: whoever IAM lets assume this role. It has no rights in AWS.`,
      assumedBy: new AccountRootPrincipal(),
    });
    const workerRole = options.workers > 0 ? createWorkerRole(this) : undefined;
    const functions = createFunctions(this, {
      options,
      state,
      queuePrefix,
      adminRole,
      workerRole,
      bundleDirectory,
    });
    const api = createApi(this, options, functions);
    // Without the slash at its end: clients put paths behind it.
    const apiUrl = `https://${api.restApiId}.execute-api.${this.region}.${this.urlSuffix}/${api.deploymentStage.stageName}`;
    createChannel(this, options, functions);
    if (options.agentPrograms !== '') createAgentPrograms(this, options.agentPrograms, functions.api.read);
    createSchedules(this, functions);
    createAlarms(this, options.name, state, functions, api);
    if (options.ec2Nodes) drainInterrupted(this, functions.drainer);
    if (workerRole)
      createWorkers(this, { options, role: workerRole, apiUrl, bundleDirectory, drainer: functions.drainer });

    const output = (name: string, value: string, description: string) =>
      new CfnOutput(this, name, { value, description });
    output('ApiUrl', apiUrl, 'URL of the Kubernetes API');
    output('AdminRoleArn', adminRole.roleArn, 'Whoever may assume this role is an administrator of the cluster');
    output(
      'KubeconfigCommand',
      `npm run --silent zeroplane -- kubeconfig --aws --server ${apiUrl} --cluster ${options.name} --region ${this.region} --role-arn ${adminRole.roleArn}`,
      'Writes a kubeconfig for kubectl',
    );
    output(
      'Kept',
      `table ${state.table.tableName}, bucket ${state.bucket.bucketName}`,
      'What `cdk destroy` leaves: the state of the cluster. The queues of nodes go when the nodes are deleted.',
    );
  }
}
