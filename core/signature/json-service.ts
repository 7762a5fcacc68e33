// AWS services that speak JSON over HTTP (protocol "AWS JSON 1.0": DynamoDB, SQS): one POST an operation, named in a header.
// Source: Smithy specification, "AWS JSON 1.0 protocol".

import { jsonObject, parseJson } from '../machinery/json.ts';
import type { AwsEnvironment } from './aws-environment.ts';
import { credentialsFrom, endpointFrom, regionFrom } from './aws-environment.ts';
import { createSignedRequests } from './signed-requests.ts';

export interface JsonServiceOptions {
  readonly service: 'dynamodb' | 'sqs';
  /** Where region, credentials and perhaps another endpoint come from, under the names that AWS's clients read. */
  readonly env: AwsEnvironment;
  /** How long an answer may take. */
  readonly answerMs: number;
  /** How often a request is sent that was refused, not answered, or answered with a failure of the service. Default 1. */
  readonly attempts?: number;
}

export interface CallOptions {
  /** Added to the time that an answer may take: how long the service is asked to wait. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface JsonService {
  /** Rejects with AwsError when the service says what is wrong, otherwise with the socket's error. */
  call(operation: string, input: object, options?: CallOptions): Promise<object>;
  close(): void;
}

/** What a service answered instead of a result. `name` is AWS's: `ConditionalCheckFailedException`. */
export class AwsError extends Error {
  /** The service's own fault: it may have done what it was asked for, and may do it when asked again. */
  readonly fault: 'client' | 'server';
  /** The answer's other members, such as `CancellationReasons`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(name: string, message: string, fault: 'client' | 'server', details: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = name;
    this.fault = fault;
    this.details = details;
  }
}

const targets = { dynamodb: 'DynamoDB_20120810', sqs: 'AmazonSQS' } as const;
const connectMs = 2000;
const firstPauseMs = 50;

export function createJsonService({ service, env, answerMs, attempts = 1 }: JsonServiceOptions): JsonService {
  const region = regionFrom(env);
  const url = endpointFrom(env, service, region);
  const requests = createSignedRequests({ service, region, credentials: () => credentialsFrom(env), connectMs });

  async function once(operation: string, body: string, { waitMs = 0, signal }: CallOptions): Promise<object> {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `${targets[service]}.${operation}`,
    };
    const answer = await requests.send({ method: 'POST', url, headers, body }, answerMs + waitMs, signal);
    const text = answer.body.toString();
    if (answer.status !== 200) throw errorOf(answer.status, text);
    // as: the protocol answers with an object, or with nothing.
    return (text === '' ? {} : parseJson(text)) as object;
  }

  return {
    async call(operation, input, options = {}) {
      const body = JSON.stringify(input);
      for (let sent = 1; ; sent++) {
        try {
          return await once(operation, body, options);
        } catch (error) {
          const passes = !(error instanceof AwsError) || error.fault === 'server' || throttles.test(error.name);
          if (sent >= attempts || !passes || options.signal?.aborted) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 4 ** (sent - 1) * (0.5 + Math.random())));
      }
    },
    close: () => requests.close(),
  };
}

const throttles = /Throttl|RequestLimitExceeded/;

function errorOf(status: number, text: string): AwsError {
  const fault = status >= 500 ? 'server' : 'client';
  const body = fieldsOf(text);
  const { __type, message, Message, ...details } = body;
  // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, or without what stands before the `#`.
  const name = typeof __type === 'string' ? (__type.split('#').at(-1) ?? __type) : `Status${status}`;
  return new AwsError(name, String(message ?? Message ?? `${status} ${text.slice(0, 200)}`), fault, details);
}

function fieldsOf(text: string): Record<string, unknown> {
  // A proxy on the way may answer in HTML.
  return { ...jsonObject(text) };
}
