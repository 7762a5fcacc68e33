// What the template says, of three stacks.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricNamespace } from '../core/work/meter.ts';
import { readPrograms } from './agent-programs.ts';
import { alarmMetrics } from './alarms.ts';
import { bundleAgent, bundleFunctions } from './bundles.ts';
import { ClusterStack } from './cluster-stack.ts';
import type { KeptTable } from './kept-table.ts';
import { checkWithNag } from './nag.ts';
import { readOptions } from './options.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zeroplane-infra-'));
  await bundleFunctions(bundles());
  await bundleAgent(join(bundles(), 'agent'));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundles = () => join(folder, 'functions');

function template(context: Record<string, string> = {}, kept?: KeptTable): Template {
  const app = new App({ context, outdir: join(folder, `out-${Object.values(context).join('-')}`) });
  const options = readOptions(app.node);
  const stack = new ClusterStack(app, 'test', { options, bundleDirectory: bundles(), kept });
  checkWithNag(app, stack, options);
  const { directory } = app.synth();
  const report = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8'));
  for (const { conclusion, violations } of report.pluginReports)
    expect({ conclusion, violations }).toEqual({ conclusion: 'success', violations: [] });
  return Template.fromStack(stack);
}

describe('the stack of a cluster', { timeout: 300_000 }, () => {
  let plain: Template;
  beforeAll(() => {
    plain = template();
  }, 300_000);

  it('keeps the state when the stack goes', () => {
    plain.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 't', Enabled: true },
        StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
      },
    });
    plain.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
  });

  it('streams reads for 15 minutes, and buffers writes for 29 seconds', () => {
    const methods = Object.values(plain.findResources('AWS::ApiGateway::Method')) as Resource[];
    const integrations = methods.map(({ Properties }) => Properties['Integration'] as Record<string, unknown>);
    expect(integrations.filter((each) => each['ResponseTransferMode'] === 'STREAM')).toHaveLength(5);
    for (const each of integrations)
      expect(each['TimeoutInMillis']).toBe(each['ResponseTransferMode'] === 'STREAM' ? 900_000 : 29_000);
    plain.hasResourceProperties('AWS::ApiGateway::RestApi', {
      BinaryMediaTypes: ['*/*'],
      EndpointConfiguration: { Types: ['REGIONAL'] },
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointAccessMode: 'BASIC',
    });
  });

  it('runs every function on arm64 and nodejs24.x, with a role of its own', () => {
    const functions = Object.values(plain.findResources('AWS::Lambda::Function')) as Resource[];
    expect(functions).toHaveLength(13);
    for (const { Properties } of functions)
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    const roles = new Set(functions.map(({ Properties }) => JSON.stringify(Properties['Role'])));
    expect(roles.size).toBe(13);
  });

  it('reserves executions where the account says how many it has', () => {
    const reservedIn = (of: Template) =>
      (Object.values(of.findResources('AWS::Lambda::Function')) as Resource[])
        .map(({ Properties }) => Properties['ReservedConcurrentExecutions'])
        .filter((each) => each !== undefined)
        .sort();
    expect(reservedIn(plain)).toEqual([]);
    expect(reservedIn(template({ concurrency: '300' }))).toEqual([20, 20, 20, 5, 5, 5, 5, 50, 50]);
  });

  it('lets no function do more to its table than the store does, and names no action with a star', () => {
    for (const { Properties } of Object.values(plain.findResources('AWS::IAM::Policy')) as Resource[]) {
      const { Statement } = Properties['PolicyDocument'] as { Statement: { Action: string | string[] }[] };
      for (const { Action } of Statement)
        for (const action of [Action].flat()) {
          expect(action).not.toContain('*');
          expect(action).not.toMatch(/dynamodb:(Scan|DeleteTable|UpdateTable|Restore)/);
        }
    }
  });

  it('keeps calls of workers and of the trigger, tries them again, and has a place for those that fail; polls nothing that is charged', () => {
    plain.resourcePropertiesCountIs(
      'AWS::Lambda::EventInvokeConfig',
      {
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 3600,
        DestinationConfig: {
          OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('FailedCalls'), 'Arn'] } },
        },
      },
      5,
    );
    plain.resourceCountIs('AWS::SQS::Queue', 1);
    // Of a table's stream: an event source of a queue polls it five times at once, and each poll is paid for.
    const sources = Object.values(plain.findResources('AWS::Lambda::EventSourceMapping'));
    for (const { Properties } of sources) expect(JSON.stringify(Properties.EventSourceArn)).toContain('StreamArn');
    expect(sources).toHaveLength(2);
    plain.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      MaximumBatchingWindowInSeconds: 10,
      FilterCriteria: {
        Filters: Match.arrayWith([
          { Pattern: '{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"p":{"S":["due"]}}}}' },
        ]),
      },
    });
    plain.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FilterCriteria: Match.anyValue(),
      DestinationConfig: { OnFailure: Match.anyValue() },
    });
  });

  it('looks again by schedule, and raises alarms', () => {
    plain.resourceCountIs('AWS::Events::Rule', 5);
    const targets = Object.values(plain.findResources('AWS::Events::Rule')).map(({ Properties }) => [
      Properties.ScheduleExpression,
      Properties.Targets[0].Input,
    ]);
    expect(targets).toContainEqual(['rate(1 minute)', '{"tick":true}']);
    expect(
      targets.filter(([rate, input]) => rate === 'rate(5 minutes)' && input === '{"resync":true,"housekeeping":true}'),
    ).toHaveLength(2);
    const alarms = Object.values(plain.findResources('AWS::CloudWatch::Alarm')) as Resource[];
    expect(alarms).toHaveLength(7);
    // An account has so many for nothing.
    const looked = alarms.flatMap(({ Properties: { Metrics = [{ MetricStat: {} }] } }) =>
      (Metrics as { MetricStat?: object }[]).filter(({ MetricStat }) => MetricStat),
    );
    expect(looked).toHaveLength(alarmMetrics);
    // Workers may wake themselves, and an alarm tells of those who do nothing else.
    const loops = Object.values(plain.findResources('AWS::Lambda::Function')).map(({ Properties }) => [
      'FunctionName' in Properties,
      Properties.RecursiveLoop,
    ]);
    expect(new Set(loops.map(String))).toContain('true,Allow');
    expect(new Set(loops.map(String))).toContain('false,Terminate');
    expect(loops.map(String)).not.toContain('false,Allow');
    plain.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: metricNamespace,
      MetricName: 'WatchLag',
      Dimensions: [{ Name: 'Cluster', Value: 'zeroplane' }],
    });
  });

  it('says where the API is, and who is its administrator', () => {
    for (const output of ['ApiUrl', 'AdminRoleArn', 'KubeconfigCommand', 'Kept']) plain.hasOutput(output, {});
    plain.resourceCountIs('AWS::EC2::Instance', 0);
    plain.resourceCountIs('AWS::EC2::VPC', 0);
    plain.resourceCountIs('AWS::KMS::Key', 0);
  });

  it('has API Gateway refuse as an API server does', () => {
    const answers = Object.values(plain.findResources('AWS::ApiGateway::GatewayResponse')).map(({ Properties }) => {
      const {
        ResponseType: type,
        StatusCode: code,
        ResponseParameters: headers,
        ResponseTemplates: texts,
      } = Properties;
      const status = JSON.parse(texts['application/json']);
      expect(status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: Number(code) });
      return [type, Number(code), headers?.['gatewayresponse.header.Retry-After']];
    });
    expect(answers).toContainEqual(['THROTTLED', 429, "'1'"]);
    expect(answers).toContainEqual(['REQUEST_TOO_LARGE', 413, undefined]);
    // client-go would send a write again that may have been carried out.
    expect(answers).toContainEqual(['INTEGRATION_TIMEOUT', 504, undefined]);
    expect(answers).toContainEqual(['DEFAULT_5XX', 500, undefined]);
  });

  it("makes a group of workers when asked, whose pods cannot take the machine's identity", () => {
    const workers = template({ cluster: 'prod', workers: '2' });
    workers.hasResourceProperties('AWS::EC2::LaunchTemplate', {
      LaunchTemplateData: { MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 } },
    });
    workers.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MinSize: '2', MaxSize: '2' });
    workers.resourceCountIs('AWS::EC2::NatGateway', 0);
    expect(JSON.stringify(workers.findResources('AWS::EC2::LaunchTemplate'))).not.toMatch(/--token/);
    // Of an update each instance says itself that it is a node, which the bootstrap does by the group's name in this stack.
    const [[group = '', { UpdatePolicy, CreationPolicy } = {}] = []] = Object.entries(
      workers.findResources('AWS::AutoScaling::AutoScalingGroup'),
    );
    expect(UpdatePolicy.AutoScalingRollingUpdate).toMatchObject({ WaitOnResourceSignals: true, PauseTime: 'PT20M' });
    expect(CreationPolicy).toBeUndefined();
    expect(JSON.stringify(workers.findResources('AWS::EC2::LaunchTemplate'))).toContain(`LogicalResourceId=${group}&`);
    const policies = JSON.stringify(
      workers.findResources('AWS::IAM::Policy', {
        Properties: { Roles: [{ Ref: Match.stringLikeRegexp('WorkerRole') }] },
      }),
    );
    expect(policies).toContain('cloudformation:SignalResource');
    expect(policies).toContain('.zip');
    expect(policies).not.toMatch(/s3:(?:Get\*|GetBucket|List)/);
    // Instances wait for the drainer before they end, which may let go of this group's and of no others.
    workers.hasResourceProperties('AWS::AutoScaling::LifecycleHook', {
      AutoScalingGroupName: { Ref: group },
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      DefaultResult: 'CONTINUE',
      HeartbeatTimeout: 300,
    });
    workers.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { detail: { AutoScalingGroupName: [{ Ref: group }] } },
    });
    const mayEnd = Object.values(workers.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => JSON.stringify(Action).includes('autoscaling:'));
    expect(mayEnd).toHaveLength(1);
    expect(mayEnd[0].Action).toEqual([
      'autoscaling:CompleteLifecycleAction',
      'autoscaling:RecordLifecycleActionHeartbeat',
    ]);
    expect(JSON.stringify(mayEnd[0].Resource)).toContain(`autoScalingGroupName/",{"Ref":"${group}"}`);
    const mayDescribe = (each: Template) => JSON.stringify(each.toJSON()).split('ec2:DescribeInstances').length - 1;
    expect([mayDescribe(workers), mayDescribe(plain)]).toEqual([1, 0]);
  });

  it('keeps what is removed of its large values for as long as the table can be restored, and lets two functions remove', () => {
    plain.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 36 }, ExpiredObjectDeleteMarker: true }),
        ],
      },
    });
    const remove = Object.entries(plain.findResources('AWS::IAM::Policy')).filter(([, each]) =>
      JSON.stringify(each).includes('s3:DeleteObject'),
    );
    expect(remove.map(([name]) => name).sort()).toEqual([
      expect.stringMatching(/^ControllersRole/),
      expect.stringMatching(/^HostingRole/),
    ]);
  });

  it('lets the function of hosted clusters touch their parts of the table alone, and wake no worker but their own', () => {
    const [policy] = Object.entries(plain.findResources('AWS::IAM::Policy')).filter(([name]) =>
      /^HostedRole/.test(name),
    );
    const { PolicyDocument } = (policy?.[1] as Resource | undefined)?.Properties ?? {};
    const { Statement } = PolicyDocument as {
      Statement: { Action: string | string[]; Condition?: object; Resource: unknown }[];
    };
    const table = Statement.filter(({ Action }) => JSON.stringify(Action).includes('dynamodb:'));
    expect(table).toHaveLength(1);
    expect(table[0]?.Condition).toEqual({
      'ForAllValues:StringLike': {
        'dynamodb:LeadingKeys': ['hosted/*', 'object#zeroplane.dev/clusters', 'claims#invocations', 'wake#hosting'],
      },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
    const calls = Statement.filter(({ Action }) => Action === 'lambda:InvokeFunction');
    expect(JSON.stringify(calls.map(({ Resource: of }) => of))).toMatch(/:function:zeroplane-hosting"/);
    expect(JSON.stringify(calls)).not.toMatch(/controllers|scheduler|notifier|streamTrigger/);
    expect(Statement.filter(({ Action }) => JSON.stringify(Action).includes('sqs:'))).toEqual([]);
  });

  it('serves the agent that it is given, and lets one function read those files and no others of the assets', () => {
    const directory = join(folder, 'programs');
    mkdirSync(directory);
    const [program, sum] = [Buffer.from('packed'), (bytes: string) => createHash('sha256').update(bytes).digest('hex')];
    writeFileSync(join(directory, 'zeroplane-linux-arm64.gz'), program);
    writeFileSync(join(directory, 'SHA256SUMS'), `${sum('packed')}  zeroplane-linux-arm64.gz\n`);
    writeFileSync(join(directory, 'SHA256SUMS.unpacked'), `${sum('unpacked')}  zeroplane-linux-arm64\n`);
    const serving = template({ cluster: 'serving', agentPrograms: directory });
    const told = Object.entries(serving.findResources('AWS::Lambda::Function')).filter(([, each]) =>
      JSON.stringify(each).includes('ZEROPLANE_AGENT_PROGRAMS'),
    );
    expect(told.map(([name]) => name)).toEqual([expect.stringMatching(/^Read/)]);
    expect(JSON.stringify(told)).toContain(sum('packed'));
    const policies = Object.entries(serving.findResources('AWS::IAM::Policy')).filter(([, each]) =>
      JSON.stringify(each).includes('cdk-hnb659fds-assets'),
    );
    expect(policies.map(([name]) => name)).toEqual([expect.stringMatching(/^ReadRole/)]);
    expect(JSON.stringify(policies)).toMatch(/\/[0-9a-f]{64}\.gz/);
    writeFileSync(join(directory, 'zeroplane-linux-arm64.gz'), 'another');
    expect(() => readPrograms(directory)).toThrow('is not what SHA256SUMS says');
    expect(() => readPrograms(folder)).toThrow('there is no SHA256SUMS');
  });

  it('takes up a table and a bucket that are there, and makes none', () => {
    const arn = 'arn:aws:dynamodb:eu-central-1:000000000000:table/kept';
    const kept = {
      ...{ name: 'kept', arn, streamArn: `${arn}/stream/2026-01-01T00:00:00.000` },
      keyArn: 'arn:aws:kms:eu-central-1:000000000000:key/1',
    };
    const taken = template({ cluster: 'again', tableName: 'kept', bucketName: 'kept-values' }, kept);
    for (const type of ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::KMS::Key']) taken.resourceCountIs(type, 0);
    taken.resourcePropertiesCountIs('AWS::Lambda::EventSourceMapping', { EventSourceArn: kept.streamArn }, 2);
    taken.allResourcesProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ ZEROPLANE_TABLE: 'kept', ZEROPLANE_BUCKET: 'kept-values' }) },
    });
    const policies = JSON.stringify(taken.findResources('AWS::IAM::Policy'));
    for (const each of [arn, `${arn}/index/expiry`, kept.streamArn, kept.keyArn])
      expect(policies).toContain(`"${each}"`);
    taken.hasOutput('Kept', { Value: 'table kept, bucket kept-values' });
  });

  it('encrypts with a key of the account when asked', () => {
    const own = template({ cluster: 'own', ownKey: 'true' });
    own.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
    own.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } });
  });
});

describe('options', () => {
  it.each([
    ['cluster', 'No_Name'],
    ['workers', '-1'],
    ['workerImage', 'newest'],
    ['podCIDR', '10.0.0.0'],
    ['ownKey', 'yes'],
    ['tableName', 'a b'],
    ['autoscalerSyncSeconds', '1'],
  ])('say what is wrong with -c %s=%s', (key, value) => {
    const app = new App({ context: { [key]: value }, outdir: join(folder, `refused-${key}`) });
    expect(() => readOptions(app.node)).toThrow(`-c ${key}=${value}: give`);
  });
});
