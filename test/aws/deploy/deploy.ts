// A cluster from an account without anything to a stack, and back to what `cdk destroy` keeps: each step a line, with what was seen.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes } from '../../../infra/routes.ts';
import { UserError } from '../../../local/user-error.ts';
import { type Emulator, openEmulator, type StackState } from './emulator.ts';
import { cdkWith, emulatorEnvironment } from './toolkit.ts';

const region = 'us-east-1';
/** What a cluster is: the rest says who may do what, or tells of it. */
const needed: ReadonlySet<string> = new Set([
  'AWS::DynamoDB::Table',
  'AWS::S3::Bucket',
  'AWS::SQS::Queue',
  'AWS::IAM::Role',
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Events::Rule',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Method',
]);
const marker = { p: 'deploy-test', s: 'marker', value: 'survives' } as const;

/** The types of a template's resources by their logical ids. */
type Types = ReadonlyMap<string, string>;

/** Throws UserError, which names the step, when something is not as docs/aws.md says. */
export async function deployTo(endpoint: URL, say: (line: string) => void): Promise<void> {
  // A name of its own: what an earlier run has left is none of this one's.
  const cluster = `try-${randomBytes(3).toString('hex')}`;
  const stackName = `zeroplane-${cluster}`;
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-deploy-'));
  const env = await emulatorEnvironment(endpoint, region);
  const emulator = openEmulator(endpoint, env);
  const cdk = cdkWith(env);
  const assembly = (name: string) => join(folder, name);
  const step = async <T>(name: string, run: () => Promise<readonly [seen: string, result: T]>): Promise<T> => {
    const began = performance.now();
    try {
      const [seen, result] = await run();
      say(`ok: ${name}: ${seen} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
      return result;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`FAILED: ${name}: ${why}`, { cause: error });
    }
  };
  const synth = async (name: string, ...context: readonly string[]): Promise<Types> => {
    await cdk('synth', '--quiet', '--output', assembly(name), '-c', `cluster=${cluster}`, ...context);
    return typesOf(assembly(name), stackName);
  };
  // Without change sets: moto executes them in the template's order, whatever depends on what.
  const deploy = (name: string, ...more: readonly string[]) =>
    cdk('deploy', '--app', assembly(name), '--require-approval', 'never', '--method', 'direct', ...more);

  try {
    const account = await step('endpoint', async () => {
      const id = await emulator.account();
      return [`${endpoint.origin} answers as account ${id}`, id];
    });
    const types = await step('cdk synth', async () => {
      const made = await synth('first');
      return [`${made.size} resources of ${new Set(made.values()).size} types`, made];
    });
    await step('cdk bootstrap', async () => {
      await cdk('bootstrap', `aws://${account}/${region}`, '--app', assembly('first'));
      return [`aws://${account}/${region}`, undefined];
    });
    await step('cdk deploy', async () => {
      try {
        await deploy('first');
      } catch (error) {
        const refused = (await emulator.stack(stackName))?.resources.filter(({ status }) => status.endsWith('FAILED'));
        const named = refused?.map(({ type, logicalId, reason = '' }) => `\n  ${type} ${logicalId}: ${reason}`) ?? [];
        throw new UserError(`${error instanceof Error ? error.message : error}${named.join('')}`, { cause: error });
      }
      return [stackName, undefined];
    });
    const stack = await step('resources', async () => {
      const found = await emulator.stack(stackName);
      if (!found) throw new UserError(`there is no stack ${stackName}`);
      return [await lookAt(emulator, found, types), found];
    });
    const { table, bucket } = keptBy(stack);
    await step('state', async () => {
      await emulator.putItem(table, marker);
      return [`an item in ${table}`, undefined];
    });
    await step('cdk deploy, again', async () => {
      if (!(await deploy('first')).includes('(no changes)')) throw new UserError('it changed something');
      await seeMarker(emulator, table);
      return ['no changes, and the item is there', undefined];
    });
    await step('cdk deploy, other options', async () => {
      await synth('second', '-c', 'requestsPerSecond=100', '-c', 'autoscalerSyncSeconds=30');
      // moto knows no previous value of the one parameter, which is CDK's own and has a default.
      const output = await deploy('second', '--no-previous-parameters');
      if (output.includes('(no changes)')) throw new UserError('it changed nothing');
      const after = await emulator.stack(stackName);
      if (!after || keptBy(after).table !== table) throw new UserError(`the table is no longer ${table}`);
      await seeMarker(emulator, table);
      return ['the item is there', undefined];
    });
    await step('cdk destroy', async () => {
      await cdk('destroy', '--force', '--app', assembly('second'));
      if (await emulator.stack(stackName)) throw new UserError(`the stack ${stackName} is still there`);
      return [stackName, undefined];
    });
    await step('what is kept', async () => {
      await seeMarker(emulator, table);
      if (!(await emulator.hasBucket(bucket))) throw new UserError(`the bucket ${bucket} is gone`);
      const left = await leftOf(emulator, cluster, stack);
      if (left.length > 0) throw new UserError(`the stack is gone, and these are not: ${left.join(', ')}`);
      const [api = ''] = physicalIds(stack, 'AWS::ApiGateway::RestApi');
      const apiLeft = (await emulator.routes(api)) !== undefined;
      const rest = apiLeft ? `; this emulator has left the API ${api}, too` : '';
      return [`table ${table} with its item, bucket ${bucket}${rest}`, undefined];
    });
  } finally {
    emulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function typesOf(assembly: string, stackName: string): Types {
  const template = JSON.parse(readFileSync(join(assembly, `${stackName}.template.json`), 'utf8')) as {
    readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
  }; // as: every template is so.
  return new Map(Object.entries(template.Resources).map(([id, { Type }]) => [id, Type]));
}

/** What is there, in words. CloudFormation's own list comes first: it names the types that an emulator does not make. */
async function lookAt(emulator: Emulator, stack: StackState, types: Types): Promise<string> {
  const missing = missingOf(stack, types);
  // Of a type that an emulator knows it must make all, and without some of them nothing would be a cluster.
  for (const { type, count, all } of missing)
    if (count < all || needed.has(type)) throw new UserError(`not made: ${count} of ${all} ${type}`);

  const url = stack.outputs.get('ApiUrl');
  const api = physicalIds(stack, 'AWS::ApiGateway::RestApi')[0];
  if (!url || !api || !url.includes(api)) throw new UserError(`the output ApiUrl is ${url}, and the API is ${api}`);
  const { table } = keptBy(stack);
  const described = await emulator.table(table);
  if (described?.StreamSpecification?.StreamViewType !== 'KEYS_ONLY')
    throw new UserError(`the table ${table} has no stream of its keys`);

  const names = new Set(physicalIds(stack, 'AWS::Lambda::Function'));
  const functions = (await emulator.functions()).filter(({ FunctionName }) => names.has(FunctionName));
  expectSame(
    'functions',
    functions.map(({ FunctionName }) => FunctionName),
    [...names],
  );
  for (const { FunctionName, Runtime } of functions)
    if (Runtime !== 'nodejs24.x') throw new UserError(`the function ${FunctionName} runs ${Runtime}`);

  const served = await emulator.routes(api);
  for (const { path, method } of routes)
    if (!served?.get(path)?.includes(method)) throw new UserError(`the API has no ${method} ${path}`);
  const without = missing.map(({ type, count }) => `${type} (${count})`).join(', ');
  const made = types.size - missing.reduce((sum, { count }) => sum + count, 0);
  return `${made} of ${types.size} resources; ${url}, table ${table}, ${functions.length} functions${without && `; this emulator makes no ${without}`}`;
}

/** How many of each type were not made, where there are such. */
function missingOf({ resources }: StackState, types: Types) {
  const complete = resources.filter(({ status }) => status.endsWith('_COMPLETE'));
  const made = new Set(complete.map(({ logicalId }) => logicalId));
  return Object.entries(Object.groupBy(types, ([, type]) => type))
    .map(([type, all = []]) => ({ type, count: all.filter(([id]) => !made.has(id)).length, all: all.length }))
    .filter(({ count }) => count > 0);
}

async function seeMarker(emulator: Emulator, table: string): Promise<void> {
  if ((await emulator.getItem(table, marker))?.['value']?.S !== marker.value)
    throw new UserError(`the item that was put into ${table} is gone`);
}

/** Table and bucket: what outlives the stack. */
function keptBy(stack: StackState): { readonly table: string; readonly bucket: string } {
  const [table] = physicalIds(stack, 'AWS::DynamoDB::Table');
  const [bucket] = physicalIds(stack, 'AWS::S3::Bucket');
  if (!table || !bucket) throw new UserError('the stack has no table or no bucket');
  if (stack.outputs.get('Kept') !== `table ${table}, bucket ${bucket}`)
    throw new UserError(`the output Kept is "${stack.outputs.get('Kept')}", and the stack has ${table} and ${bucket}`);
  return { table, bucket };
}

/** Names of functions and queues that should have gone with the stack. */
async function leftOf(emulator: Emulator, cluster: string, stack: StackState): Promise<string[]> {
  const functions = new Set((await emulator.functions()).map(({ FunctionName }) => FunctionName));
  const ours = physicalIds(stack, 'AWS::Lambda::Function').filter((name) => functions.has(name));
  return [...ours, ...(await emulator.queues(`${cluster}-`))];
}

function physicalIds({ resources }: StackState, type: string): string[] {
  return resources.filter((each) => each.type === type).map(({ physicalId }) => physicalId);
}

function expectSame(what: string, found: readonly string[], wanted: readonly string[]): void {
  const [have, want] = [found.toSorted().join(', '), wanted.toSorted().join(', ')];
  if (have !== want) throw new UserError(`${what} are [${have}], and should be [${want}]`);
}
