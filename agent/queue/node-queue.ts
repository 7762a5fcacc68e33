// The node's queue in SQS' JSON protocol: long poll and acknowledgement, over the agent's own connection. The SDK's client would
// take 28 MB of resident memory for these two calls. Source: Amazon SQS API reference, AWS JSON protocol.

import { parseJson } from '../../core/machinery/json.ts';
import { type ApiClient, ApiError, type ApiRequestOptions } from '../api-client/api-client.ts';

export interface NodeQueue {
  /** Waits up to 20 s for messages. Throws UnreachableError, ApiError. */
  receive(signal: AbortSignal): Promise<{ body: string; receipt: string }[]>;
  acknowledge(receipts: readonly string[]): Promise<void>;
}

const waitSeconds = 20;

export function createNodeQueue(api: ApiClient, nodeName: string): NodeQueue {
  const QueueUrl = `${api.credentials.server}/queues/node-${nodeName}`;
  const call = async (action: string, body: object, options: ApiRequestOptions): Promise<unknown> => {
    const { status, text } = await api.request('POST', '/queues/', {
      body: { QueueUrl, ...body },
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
      ...options,
    });
    if (status !== 200) throw new ApiError(status, `${action}: ${text.slice(0, 200)}`);
    return parseJson(text);
  };
  return {
    receive: async (signal) => {
      const body = { MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds };
      const timeoutMs = (waitSeconds + 10) * 1000;
      const answer = await call('ReceiveMessage', body, { timeoutMs, signal, longPoll: true });
      // The shape of ReceiveMessage's answer.
      const { Messages = [] } = answer as { Messages?: { Body: string; ReceiptHandle: string }[] };
      return Messages.map(({ Body, ReceiptHandle }) => ({ body: Body, receipt: ReceiptHandle }));
    },
    acknowledge: async (receipts) => {
      if (receipts.length === 0) return;
      const Entries = receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
      await call('DeleteMessageBatch', { Entries }, { timeoutMs: 10_000 });
    },
  };
}
