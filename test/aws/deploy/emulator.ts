// What a deployment made, asked of an emulator in each service's own protocol.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { credentialsFrom, regionFrom } from '../../../core/signature/aws-environment.ts';
import { createJsonService } from '../../../core/signature/json-service.ts';
import { type Answer, createSignedRequests, type SignedRequests } from '../../../core/signature/signed-requests.ts';
import { UserError } from '../../../local/user-error.ts';

export interface StackResource {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  /** Why it is as it is, where CloudFormation says so. */
  readonly reason: string | undefined;
}

export interface StackState {
  readonly status: string;
  readonly outputs: ReadonlyMap<string, string>;
  readonly resources: readonly StackResource[];
}

export interface Key {
  readonly p: string;
  readonly s: string;
}

export type Emulator = ReturnType<typeof openEmulator>;

const answerMs = 60_000;

/** `env`: region and credentials that the emulator may know, under AWS' names. */
export function openEmulator(endpoint: URL, env: Readonly<Record<string, string>>) {
  const region = regionFrom(env);
  const services = new Map<string, SignedRequests>();
  const requests = (service: string): SignedRequests => {
    const found =
      services.get(service) ??
      createSignedRequests({ service, region, credentials: () => credentialsFrom(env), connectMs: 5000 });
    services.set(service, found);
    return found;
  };
  const json = (service: 'dynamodb' | 'sqs') =>
    createJsonService({ service, env: { ...env, AWS_ENDPOINT_URL: endpoint.href }, answerMs });
  const dynamodb = json('dynamodb');
  const sqs = json('sqs');

  /** A service of the protocol "AWS Query": a form is asked, XML answers. */
  async function query(service: string, version: string, parameters: Readonly<Record<string, string>>) {
    const body = new URLSearchParams({ Version: version, ...parameters }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const answer = await requests(service).send({ method: 'POST', url: endpoint, headers, body }, answerMs);
    return { status: answer.status, text: answer.body.toString() };
  }

  const get = (service: string, path: string): Promise<Answer> =>
    requests(service).send({ method: 'GET', url: new URL(path, endpoint) }, answerMs);

  const cloudFormation = (action: string, stack: string) =>
    query('cloudformation', '2010-05-15', { Action: action, StackName: stack });

  return {
    /** The account of whoever asks, as STS says it. Throws UserError where nobody answers so. */
    async account(): Promise<string> {
      const asked = query('sts', '2011-06-15', { Action: 'GetCallerIdentity' });
      const { status, text } = await asked.catch((error: Error) => {
        throw new UserError(`nothing answers at ${endpoint.origin}: start the emulator first (${error.message})`);
      });
      const account = element(text, 'Account');
      if (account) return account;
      throw new UserError(
        `${endpoint.origin} does not answer as STS: GetCallerIdentity gave ${status} ${text.slice(0, 200)}`,
      );
    },

    /** Undefined where there is no such stack, or it was deleted. */
    async stack(name: string): Promise<StackState | undefined> {
      const { status, text } = await cloudFormation('DescribeStacks', name);
      if (status !== 200) return undefined;
      const state = element(text, 'StackStatus') ?? '';
      if (state === 'DELETE_COMPLETE') return undefined;
      const outputs = members(inner(text, 'Outputs')).map(
        (each) => [element(each, 'OutputKey') ?? '', element(each, 'OutputValue') ?? ''] as const,
      );
      const described = await cloudFormation('DescribeStackResources', name);
      const resources = members(inner(described.text, 'StackResources')).map((each) => ({
        logicalId: element(each, 'LogicalResourceId') ?? '',
        physicalId: element(each, 'PhysicalResourceId') ?? '',
        type: element(each, 'ResourceType') ?? '',
        status: element(each, 'ResourceStatus') ?? '',
        reason: element(each, 'ResourceStatusReason'),
      }));
      return { status: state, outputs: new Map(outputs), resources };
    },

    async table(name: string) {
      const { Table } = (await dynamodb.call('DescribeTable', { TableName: name })) as {
        readonly Table?: { readonly TableStatus?: string; readonly StreamSpecification?: { StreamViewType?: string } };
      }; // as: what DynamoDB documents.
      return Table;
    },

    async putItem(table: string, item: Key & Readonly<Record<string, string>>): Promise<void> {
      const Item = Object.fromEntries(Object.entries(item).map(([name, S]) => [name, { S }]));
      await dynamodb.call('PutItem', { TableName: table, Item });
    },

    async getItem(table: string, { p, s }: Key): Promise<Readonly<Record<string, AttributeValue>> | undefined> {
      const asked = { TableName: table, ConsistentRead: true, Key: { p: { S: p }, s: { S: s } } };
      // as: what DynamoDB documents.
      return ((await dynamodb.call('GetItem', asked)) as { Item?: Record<string, AttributeValue> }).Item;
    },

    /** The names of all queues that begin so. */
    async queues(prefix: string): Promise<string[]> {
      // as: what SQS documents.
      const { QueueUrls = [] } = (await sqs.call('ListQueues', { QueueNamePrefix: prefix })) as {
        QueueUrls?: string[];
      };
      return QueueUrls.map((url) => url.split('/').at(-1) ?? '');
    },

    /** Name and runtime of every function. */
    async functions(): Promise<{ readonly FunctionName: string; readonly Runtime: string }[]> {
      // as: what Lambda documents.
      return (JSON.parse((await get('lambda', '/2015-03-31/functions/')).body.toString()) as { Functions: [] })
        .Functions;
    },

    /** The paths of a REST API, each with its methods; undefined where there is no such API. */
    async routes(api: string): Promise<Map<string, readonly string[]> | undefined> {
      const { status, body } = await get('apigateway', `/restapis/${api}/resources?embed=methods&limit=500`);
      if (status !== 200) return undefined;
      type Resource = { readonly path: string; readonly resourceMethods?: object };
      // as: what API Gateway documents; clients call the list `items`, its protocol `item`.
      const { item = [] } = JSON.parse(body.toString()) as { item?: Resource[] };
      return new Map(item.map(({ path, resourceMethods = {} }) => [path, Object.keys(resourceMethods)]));
    },

    async hasBucket(name: string): Promise<boolean> {
      return (await get('s3', `/${name}?list-type=2`)).status === 200;
    },

    close() {
      for (const each of [dynamodb, sqs, ...services.values()]) each.close();
    },
  };
}

/** What is within the first element of this name. CloudFormation's answers are flat enough for it. */
function inner(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];
}

const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' } as const;

function element(xml: string, name: string): string | undefined {
  // as: no other names match.
  return inner(xml, name)?.replace(/&(lt|gt|quot|apos|amp);/g, (_, which) => entities[which as keyof typeof entities]);
}

function members(xml: string | undefined): string[] {
  return (xml ?? '').split('<member>').slice(1);
}
