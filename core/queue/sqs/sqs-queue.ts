// The Queue contract over SQS, or over anything that speaks its protocol.

import { errorText } from '../../machinery/error-text.ts';
import { AwsError, type CallOptions, type JsonService } from '../../signature/json-service.ts';
import type { Queue } from '../queue.ts';
import { maximumBody, QueueError } from '../queue.ts';

export interface SqsQueueOptions {
  /** The caller's to make and to close. Sending twice is what queues do anyway: it may try again. */
  readonly service: JsonService;
  /** A received message comes again after this long, unless it is acknowledged. Set on queues that `create` makes. */
  readonly visibilitySeconds: number;
  /** Put in front of every name, so that clusters share an account: `zeroplane-prod-`. */
  readonly prefix?: string;
  /** A queue's URL, where it is known without asking. */
  readonly urlOf?: (name: string) => string;
}

/** Messages older than this are gone: a resync has seen what they told. */
const retentionSeconds = 3600;

/** SQS takes at most this many receipts at once. */
const batchSize = 10;

export interface SqsQueue extends Queue {
  /** Delivered no earlier than after `delaySeconds`, 0 to 900. */
  sendLater(name: string, body: string, delaySeconds: number): Promise<void>;
}

export function createSqsQueue({ service, visibilitySeconds, prefix = '', urlOf }: SqsQueueOptions): SqsQueue {
  const urls = new Map<string, string>();

  async function url(name: string): Promise<string> {
    const known = urlOf?.(name) ?? urls.get(name);
    if (known !== undefined) return known;
    const { QueueUrl } = await ask<Located>(name, 'GetQueueUrl', { QueueName: prefix + name });
    return remember(name, QueueUrl);
  }

  function remember(name: string, found: string | undefined): string {
    if (found === undefined)
      throw new QueueError('unavailable', name, `The answer named no URL for the queue ${name}.`);
    urls.set(name, found);
    return found;
  }

  return {
    async create(name) {
      const Attributes = {
        VisibilityTimeout: String(visibilitySeconds),
        MessageRetentionPeriod: String(retentionSeconds),
        MaximumMessageSize: String(maximumBody),
      };
      const { QueueUrl } = await ask<Located>(name, 'CreateQueue', { QueueName: prefix + name, Attributes });
      remember(name, QueueUrl);
    },

    async remove(name) {
      try {
        const QueueUrl = await url(name);
        await ask(name, 'DeleteQueue', { QueueUrl });
      } catch (error) {
        if (!(error instanceof QueueError) || error.code !== 'missing') throw error;
      }
      urls.delete(name);
    },

    send: (name, body) => send(name, body),
    sendLater: send,

    async receive(name, { waitSeconds, max, signal }) {
      if (signal?.aborted) return [];
      const QueueUrl = await url(name);
      const input = { QueueUrl, WaitTimeSeconds: waitSeconds, MaxNumberOfMessages: max };
      const waiting = { waitMs: waitSeconds * 1000, signal };
      try {
        const { Messages } = await ask<Received>(name, 'ReceiveMessage', input, waiting);
        return (Messages ?? []).map(({ MessageId = '', Body = '', ReceiptHandle = '' }) => ({
          id: MessageId,
          body: Body,
          receipt: ReceiptHandle,
        }));
      } catch (error) {
        if (signal?.aborted) return [];
        throw error;
      }
    },

    async acknowledge(name, receipts) {
      if (receipts.length === 0) return;
      const QueueUrl = await url(name);
      for (let i = 0; i < receipts.length; i += batchSize) {
        const Entries = receipts.slice(i, i + batchSize).map((ReceiptHandle, n) => ({ Id: String(n), ReceiptHandle }));
        // A receipt that fails is one that ran out: its message comes again, which every receiver must bear.
        await ask(name, 'DeleteMessageBatch', { QueueUrl, Entries });
      }
    },
  };

  async function send(name: string, body: string, delaySeconds?: number): Promise<void> {
    const size = Buffer.byteLength(body);
    if (size > maximumBody)
      throw new QueueError('tooLarge', name, `A message has ${size} bytes; the limit is ${maximumBody}.`);
    const QueueUrl = await url(name);
    const message = {
      QueueUrl,
      MessageBody: body,
      ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
    };
    await ask(name, 'SendMessage', message);
  }

  async function ask<T extends object>(
    name: string,
    operation: string,
    input: object,
    options?: CallOptions,
  ): Promise<T> {
    try {
      // as: what SQS documents as the answer of this operation.
      return (await service.call(operation, input, options)) as T;
    } catch (error) {
      if (options?.signal?.aborted) throw error;
      if (error instanceof AwsError && missing.has(error.name)) {
        urls.delete(name);
        throw new QueueError('missing', name, `There is no queue ${prefix}${name}.`, { cause: error });
      }
      if (error instanceof AwsError && error.fault === 'client') throw error;
      const why = errorText(error);
      throw new QueueError('unavailable', name, `The queue ${name} cannot be reached: ${why}`, { cause: error });
    }
  }
}

interface Located {
  readonly QueueUrl?: string;
}

interface Received {
  readonly Messages?: readonly {
    readonly MessageId?: string;
    readonly Body?: string;
    readonly ReceiptHandle?: string;
  }[];
}

/** The JSON protocol's name, and the query protocol's that some stand-ins still use. */
const missing = new Set(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);
