import { describe, expect, it } from 'vitest';
import { createLocalQueue } from './local-queue.ts';
import { createSqsProtocol, queueNameOf } from './protocol.ts';

const url = 'https://example.test/queues/node-1';
const protocol = createSqsProtocol(
  createLocalQueue({ now: Date.now, visibilitySeconds: 30 }),
  (name) => `https://example.test/queues/${name}`,
);

describe('the protocol', () => {
  it('answers where a queue is', async () => {
    expect(await protocol('AmazonSQS.GetQueueUrl', { QueueName: 'node-1' })).toEqual({
      status: 200,
      body: { QueueUrl: url },
    });
  });

  it('answers with the digests that clients check', async () => {
    const sent = await protocol('AmazonSQS.SendMessage', { QueueUrl: url, MessageBody: 'hello' });
    expect(sent.body).toMatchObject({ MD5OfMessageBody: '5d41402abc4b2a76b9719d911017c592' });
    const { body } = await protocol('AmazonSQS.ReceiveMessage', { QueueUrl: url });
    expect(body).toMatchObject({ Messages: [{ Body: 'hello', MD5OfBody: '5d41402abc4b2a76b9719d911017c592' }] });
  });

  it.each([
    ['AmazonSQS.Fly', { QueueUrl: url }, 'UnsupportedOperation'],
    ['DynamoDB.GetItem', { QueueUrl: url }, 'UnsupportedOperation'],
    ['AmazonSQS.SendMessage', [], 'SerializationException'],
    ['AmazonSQS.SendMessage', { MessageBody: 'x' }, 'InvalidAddress'],
    [
      'AmazonSQS.SendMessage',
      { QueueUrl: 'https://example.test/queues/..%2Fadmin', MessageBody: 'x' },
      'InvalidAddress',
    ],
    ['AmazonSQS.SendMessage', { QueueUrl: url }, 'MissingParameter'],
    ['AmazonSQS.SendMessage', { QueueUrl: url, MessageBody: 'x', DelaySeconds: 5 }, 'UnsupportedOperation'],
    ['AmazonSQS.SendMessage', { QueueUrl: url, MessageBody: 'x'.repeat(300_000) }, 'InvalidParameterValue'],
    ['AmazonSQS.ReceiveMessage', { QueueUrl: url, MaxNumberOfMessages: 11 }, 'InvalidParameterValue'],
    ['AmazonSQS.ReceiveMessage', { QueueUrl: url, WaitTimeSeconds: 'long' }, 'InvalidParameterValue'],
    ['AmazonSQS.DeleteMessageBatch', { QueueUrl: url, Entries: [] }, 'EmptyBatchRequest'],
  ])('refuses %s %#', async (target, body, type) => {
    const answer = await protocol(target, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ __type: `com.amazonaws.sqs#${type}` });
  });

  it('tells which queue a request is about', () => {
    expect(queueNameOf({ QueueUrl: url })).toBe('node-1');
    expect(queueNameOf({ QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/node-1/' })).toBe('node-1');
    expect(queueNameOf({ QueueName: 'node-2' })).toBe('node-2');
    expect(queueNameOf({})).toBeUndefined();
  });
});
