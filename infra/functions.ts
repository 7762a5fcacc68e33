// The functions: one a need, each with its own memory, time, concurrency and rights.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ArnPrincipal, Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  FilterCriteria,
  FilterRule,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  StartingPosition,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { clusterType } from '../core/hosted/cluster-type.ts';
import { hostedPrefix } from '../core/store/dynamodb/hosted-part.ts';
import { objectPartition } from '../core/store/dynamodb/items.ts';
import { duePartition, expiryIndex, wakePartition } from '../core/store/dynamodb/table.ts';
import { latenessMs } from '../core/work/waking.ts';
import { ofWorkers, type Worker, workerRows, workers } from '../core/work/workers.ts';
import {
  type BundleName,
  bundleNames,
  type FunctionName,
  type FunctionRow,
  functionRows,
  ofFunctions,
} from './function-rows.ts';
import type { ClusterOptions } from './options.ts';
import type { ApiFunction } from './routes.ts';
import type { State } from './state.ts';

export interface Functions {
  readonly api: Readonly<Record<ApiFunction, LambdaFunction>>;
  readonly worker: Readonly<Record<Worker, LambdaFunction>>;
  readonly streamTrigger: LambdaFunction;
  readonly channel: LambdaFunction;
  readonly announce: LambdaFunction;
  readonly drainer: LambdaFunction;
  /** What failed again and again: wake-ups of workers, and batches of the stream. */
  readonly deadLetters: Queue;
  /** The role that nodes get credentials of, narrowed to one queue. */
  readonly nodeQueueRole: Role;
}

export interface FunctionsOptions {
  readonly options: ClusterOptions;
  readonly state: State;
  readonly queuePrefix: string;
  readonly adminRole: Role;
  readonly workerRole: Role | undefined;
  /** Where bundles are put. */
  readonly bundleDirectory: string;
}

const tableActions = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:ConditionCheckItem',
];

/** What the function of hosted clusters may touch: their parts of the table, who they are, and the count of requests that last. */
const hostedLeadingKeys = [
  `${hostedPrefix}*`,
  objectPartition(clusterType),
  'claims#invocations',
  wakePartition('hosting'),
];

/** What the stream trigger may touch. */
const wakeLeadingKeys = [...workers.map(wakePartition), duePartition];

/** Those that others call: by a name that is known before they are made. */
const called: readonly FunctionName[] = [...workers, 'streamTrigger'];

/** What an hour-old wake-up could tell was seen by a resync. */
const calledWithin = Duration.hours(1);

const keyActions = ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'];

export function createFunctions(scope: Construct, given: FunctionsOptions): Functions {
  const { options, state, queuePrefix } = given;
  const stack = Stack.of(scope);
  const code = readBundles(given.bundleDirectory);
  const functionPrefix = `${options.name}-`;
  const deadLetters = new Queue(scope, 'FailedCalls', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const nodeQueues = stack.formatArn({ service: 'sqs', resource: `${queuePrefix}node-*` });

  const arnOf = (name: FunctionName): string =>
    stack.formatArn({
      ...{ service: 'lambda', resource: 'function', resourceName: `${functionPrefix}${name}` },
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });

  const roles = new Map<FunctionName, Role>();
  const roleOf = (name: FunctionName): Role => {
    const role =
      roles.get(name) ??
      new Role(scope, `${title(name)}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    roles.set(name, role);
    return role;
  };
  const nodeQueueRole = new Role(scope, 'NodeQueueRole', {
    description: `Lent to nodes of ${options.name}, narrowed to one queue each`,
    assumedBy: new ArnPrincipal(roleOf('node').roleArn),
  });
  nodeQueueRole.addToPolicy(allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], [nodeQueues]));

  const environment = {
    ZEROPLANE_CLUSTER: options.name,
    ZEROPLANE_TABLE: state.table.tableName,
    ZEROPLANE_BUCKET: state.bucket.bucketName,
    ZEROPLANE_QUEUE_PREFIX: queuePrefix,
    ZEROPLANE_QUEUE_URL_BASE: `https://sqs.${stack.region}.${stack.urlSuffix}/${stack.account}/`,
    ZEROPLANE_FUNCTION_PREFIX: functionPrefix,
    ZEROPLANE_SERVICE_CIDR: options.serviceCIDR,
    ZEROPLANE_POD_CIDR: options.podCIDR,
    ZEROPLANE_CLUSTER_DOMAIN: options.clusterDomain,
    ZEROPLANE_ADMIN_ROLES: given.adminRole.roleArn,
    ZEROPLANE_WORKER_ROLES: given.workerRole?.roleArn ?? '',
    ZEROPLANE_EC2_NODES: String(options.ec2Nodes),
    ZEROPLANE_AUTOSCALER_SYNC_MS: String(options.autoscalerSyncSeconds * 1000),
    ZEROPLANE_NODE_QUEUE_ROLE: nodeQueueRole.roleArn,
    ZEROPLANE_CONCURRENCY: String(options.concurrency),
    ZEROPLANE_HISTORY_MS: String(options.historyMs),
    ZEROPLANE_WATCHES: String(options.atOnce.watch),
    ZEROPLANE_CLUSTERS: String(options.clusters.most),
    ZEROPLANE_CLUSTER_BYTES: String(options.clusters.bytes),
    ZEROPLANE_CLUSTER_OBJECTS: String(options.clusters.objects),
    ZEROPLANE_BUILD: code.build,
  };
  const { authenticationConfig, auditPolicy } = options;
  const configuration = {
    ...(authenticationConfig !== undefined && { ZEROPLANE_AUTHENTICATION_CONFIG: authenticationConfig }),
    ...(auditPolicy !== undefined && { ZEROPLANE_AUDIT_POLICY: auditPolicy }),
  };
  const reserved = reservedOf(options);
  const make = (name: FunctionName): LambdaFunction => {
    const row: FunctionRow = functionRows[name];
    const logGroup = new LogGroup(scope, `${title(name)}Log`, {
      retention: RetentionDays.TWO_WEEKS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = roleOf(name);
    logGroup.grantWrite(role);
    return new LambdaFunction(scope, title(name), {
      ...(called.includes(name) && {
        functionName: `${functionPrefix}${name}`,
        // Twice more, a minute later and two more minutes later; what is refused for want of executions is kept and tried again.
        retryAttempts: 2,
        maxEventAge: calledWithin,
        onFailure: new SqsDestination(deadLetters),
      }),
      description: `${options.name}: ${row.description}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: code.of(row.bundle),
      handler: `index.${row.handler}`,
      memorySize: row.memoryMegabytes,
      timeout: Duration.seconds(row.timeoutSeconds),
      ...(reserved[name] !== undefined && { reservedConcurrentExecutions: reserved[name] }),
      role,
      logGroup,
      // A worker calls itself for what is left, and through the stream trigger for what is due; by default Lambda ends such a chain after
      // sixteen calls. An alarm tells of one that runs away (alarms.ts).
      recursiveLoop: called.includes(name) ? RecursiveLoop.ALLOW : RecursiveLoop.TERMINATE,
      loggingFormat: LoggingFormat.JSON,
      // Lambda's own lines of every invocation would cost more than the function's meter does, which says the same in less.
      systemLogLevelV2: SystemLogLevel.WARN,
      environment: { ...environment, ...(row.bundle === 'apiserver' && configuration), ...row.environment },
    });
  };

  const made = ofFunctions(make);
  const { streamTrigger, channel, announce, drainer } = made;

  for (const [name, role] of roles) {
    if (!functionRows[name].stores) continue;
    if (name === 'hosted') {
      const statement = allow(tableActions, [state.table.tableArn]);
      statement.addCondition('ForAllValues:StringLike', { 'dynamodb:LeadingKeys': hostedLeadingKeys });
      // Without keys, the condition above would hold.
      statement.addCondition('Null', { 'dynamodb:LeadingKeys': 'false' });
      role.addToPolicy(statement);
    } else role.addToPolicy(allow(tableActions, [state.table.tableArn]));
    // A value that was removed is put back by whoever finds that the table, restored since, refers to it.
    const values = name === 'hosted' ? `values/${hostedPrefix}*` : 'values/*';
    role.addToPolicy(
      allow(['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'], [state.bucket.arnForObjects(values)]),
    );
    role.addToPolicy(allow(['s3:ListBucketVersions', 's3:ListBucket'], [state.bucket.bucketArn]));
    if (name === 'controllers' || name === 'hosting')
      role.addToPolicy(allow(['s3:DeleteObject'], [state.bucket.arnForObjects('values/*')]));
    if (state.key) role.addToPolicy(allow(keyActions, [state.key.keyArn]));
  }
  for (const [name, role] of roles) {
    // Every function may commit, and wakes the others then; a worker wakes itself for what is left, and for what is due.
    const callees = name === 'hosted' ? (['hosting'] as const) : name in workerRows ? called : workers;
    role.addToPolicy(allow(['lambda:InvokeFunction'], callees.map(arnOf)));
    if (name === 'controllers' || name === 'hosting')
      role.addToPolicy(allow(['dynamodb:Query'], [`${state.table.tableArn}/index/${expiryIndex}`]));
  }
  // Names no resource: EC2 lets nobody describe some instances only.
  if (options.ec2Nodes) roleOf('controllers').addToPolicy(allow(['ec2:DescribeInstances'], ['*']));
  // Logs, proxied requests and webhooks ask a node's agent for a stream; webhooks of what controllers, scheduler and drainer write, too.
  for (const name of ['read', 'write', 'controllers', 'hosting', 'scheduler', 'drainer'] as const)
    roleOf(name).addToPolicy(allow(['sqs:SendMessage'], [nodeQueues]));
  roleOf('node').addToPolicy(allow(['sqs:CreateQueue'], [nodeQueues]));
  roleOf('node').addToPolicy(allow(['sts:AssumeRole'], [nodeQueueRole.roleArn]));
  roleOf('notifier').addToPolicy(allow(['sqs:SendMessage', 'sqs:DeleteQueue', 'sqs:GetQueueUrl'], [nodeQueues]));

  const trigger = allow(tableActions, [state.table.tableArn]);
  trigger.addCondition('ForAllValues:StringLike', { 'dynamodb:LeadingKeys': wakeLeadingKeys });
  // Without keys, the condition above would hold.
  trigger.addCondition('Null', { 'dynamodb:LeadingKeys': 'false' });
  roleOf('streamTrigger').addToPolicy(trigger);
  if (state.key) roleOf('streamTrigger').addToPolicy(allow(keyActions, [state.key.keyArn]));

  const inserted = (prefix: string) =>
    FilterCriteria.filter({
      eventName: FilterRule.isEqual('INSERT'),
      dynamodb: { Keys: { p: { S: FilterRule.beginsWith(prefix) } } },
    });
  const logged = inserted('log#');
  const due = FilterCriteria.filter({
    eventName: FilterRule.or('INSERT', 'MODIFY'),
    dynamodb: { Keys: { p: { S: FilterRule.isEqual(duePartition) } } },
  });
  streamTrigger.addEventSource(
    new DynamoEventSource(state.table, {
      startingPosition: StartingPosition.LATEST,
      batchSize: 1000,
      // Late on purpose: whoever commits wakes the workers; this is for those who could not, and how long what is due later waits at a time.
      maxBatchingWindow: Duration.millis(latenessMs),
      retryAttempts: 3,
      maxRecordAge: Duration.minutes(10),
      bisectBatchOnError: false,
      onFailure: new SqsDlq(deadLetters),
      filters: [logged, inserted(hostedPrefix), due],
    }),
  );
  announce.addEventSource(
    new DynamoEventSource(state.table, {
      startingPosition: StartingPosition.LATEST,
      batchSize: 1000,
      // What is lost, edges find by themselves: nothing is kept for long.
      retryAttempts: 1,
      maxRecordAge: Duration.minutes(1),
      bisectBatchOnError: false,
      onFailure: new SqsDlq(deadLetters),
      filters: [logged],
    }),
  );
  return {
    api: made,
    worker: ofWorkers((each) => made[each]),
    streamTrigger,
    channel,
    announce,
    drainer,
    deadLetters,
    nodeQueueRole,
  };
}

/** Reserved is what a function has for itself, and at most. */
function reservedOf({ reserves, atOnce }: ClusterOptions): Partial<Record<FunctionName, number>> {
  if (!reserves) return {};
  const { read, watch, write, node, hosted, worker } = atOnce;
  return { read, watch, write, node, hosted, ...ofWorkers(() => worker) };
}

function readBundles(directory: string) {
  const hash = createHash('sha256');
  const codes = new Map(
    bundleNames.map((name) => {
      const folder = join(directory, name);
      for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
      return [name, Code.fromAsset(folder)] as const;
    }),
  );
  return {
    of(name: BundleName): Code {
      const found = codes.get(name);
      if (!found) throw new Error(`there is no bundle ${name}`);
      return found;
    },
    build: hash.digest('hex').slice(0, 16),
  };
}

function allow(actions: string[], resources: string[]): PolicyStatement {
  return new PolicyStatement({ effect: Effect.ALLOW, actions, resources });
}

function title(name: string): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}
