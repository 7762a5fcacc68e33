// The Queue contract over SQS, or over anything that speaks its protocol.

import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
  SQSServiceException,
} from '@aws-sdk/client-sqs';
import type { Queue } from '../queue.ts';
import { maximumBody, QueueError } from '../queue.ts';

export interface SqsQueueOptions {
  /** The caller's to make (region, endpoint, credentials) and to destroy. */
  readonly client: SQSClient;
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

export function createSqsQueue({ client, visibilitySeconds, prefix = '', urlOf }: SqsQueueOptions): SqsQueue {
  const urls = new Map<string, string>();

  async function url(name: string): Promise<string> {
    const known = urlOf?.(name) ?? urls.get(name);
    if (known !== undefined) return known;
    const { QueueUrl } = await ask(name, () => client.send(new GetQueueUrlCommand({ QueueName: prefix + name })));
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
      const command = new CreateQueueCommand({ QueueName: prefix + name, Attributes });
      const { QueueUrl } = await ask(name, () => client.send(command));
      remember(name, QueueUrl);
    },

    async remove(name) {
      try {
        const QueueUrl = await url(name);
        await ask(name, () => client.send(new DeleteQueueCommand({ QueueUrl })));
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
      const command = new ReceiveMessageCommand({
        QueueUrl,
        WaitTimeSeconds: waitSeconds,
        MaxNumberOfMessages: max,
      });
      try {
        const { Messages } = await ask(name, () => client.send(command, signal ? { abortSignal: signal } : {}));
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
        await ask(name, () => client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })));
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
    await ask(name, () => client.send(new SendMessageCommand(message)));
  }

  async function ask<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SQSServiceException)) throw error;
      if (missing.has(error.name)) {
        urls.delete(name);
        throw new QueueError('missing', name, `There is no queue ${prefix}${name}.`, { cause: error });
      }
      const { $fault, $retryable } = error;
      if ($fault === 'server' || $retryable)
        throw new QueueError('unavailable', name, `The queue ${name} cannot be reached: ${error.message}`, {
          cause: error,
        });
      throw error;
    }
  }
}

/** The JSON protocol's name, and the query protocol's that some stand-ins still use. */
const missing = new Set(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);
