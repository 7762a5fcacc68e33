// The node's queue in SQS, polled with credentials that last an hour and open this queue only.

import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';
import { errorText } from '../../core/machinery/error-text.ts';
import type { NodeQueueAccess } from '../../core/node/joining.ts';
import { ApiError, UnreachableError } from '../api-client/api-client.ts';
import type { NodeQueue } from './node-queue.ts';

type SqsAccess = Extract<NodeQueueAccess, { kind: 'sqs' }>;

const waitSeconds = 20;

/** `renew` is asked for access again shortly before the credentials end. */
export function createSqsNodeQueue(first: SqsAccess, renew: () => Promise<SqsAccess>): NodeQueue {
  let fresh: SqsAccess | undefined = first;
  const provide = async () => {
    const access = fresh ?? (await renew());
    // Those of a stored membership may be old: the client asks again when they have ended.
    fresh = undefined;
    const { credentials } = access;
    if (!credentials) throw new Error('the cluster gives no credentials for this queue');
    const { expiration, ...rest } = credentials;
    return { ...rest, expiration: new Date(expiration) };
  };
  const client = new SQSClient({
    region: first.region,
    endpoint: first.endpoint ?? new URL(first.url).origin,
    ...(first.credentials && { credentials: provide }),
    // The control plane's side tries again by itself, with its own pauses.
    maxAttempts: 1,
  });
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      // The queue went with the Node object. Renewing makes it again, as the next report makes the Node.
      if (error instanceof SQSServiceException && error.name === 'QueueDoesNotExist')
        fresh = await renew().catch(() => undefined);
      if (error instanceof SQSServiceException)
        throw new ApiError(error.$metadata.httpStatusCode ?? 500, `${error.name}: ${error.message}`);
      if (error instanceof ApiError) throw error;
      throw new UnreachableError(`${first.url}: ${errorText(error)}`);
    }
  };
  return {
    receive: (signal) =>
      asked(async () => {
        const command = new ReceiveMessageCommand({
          QueueUrl: first.url,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: waitSeconds,
        });
        const { Messages = [] } = await client.send(command, {
          abortSignal: AbortSignal.any([signal, AbortSignal.timeout((waitSeconds + 10) * 1000)]),
        });
        return Messages.map(({ Body = '', ReceiptHandle = '' }) => ({ body: Body, receipt: ReceiptHandle }));
      }),
    acknowledge: (receipts) =>
      asked(async () => {
        if (receipts.length === 0) return;
        const Entries = receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
        await client.send(new DeleteMessageBatchCommand({ QueueUrl: first.url, Entries }));
      }),
  };
}
