// SQS' JSON protocol (AWS JSON 1.0, `X-Amz-Target: AmazonSQS.*`) over a Queue, so that a remote agent polls this server with the same
// client that it uses against AWS. What a Queue does not have (attributes, delays, FIFO) is refused, not ignored.

import { createHash } from 'node:crypto';
import { getOwn } from '../../machinery/own.ts';
import { withoutEnd } from '../../machinery/text-ends.ts';
import type { Queue } from '../queue.ts';
import { QueueError } from '../queue.ts';

interface SqsResponse {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Answers one request: the `X-Amz-Target` header and the parsed body. The answer's body goes out as `application/x-amz-json-1.0`.
 */
export type SqsProtocol = (target: string, body: unknown, signal?: AbortSignal) => Promise<SqsResponse>;

type Fields = Record<string, unknown>;
type Action = (queue: Queue, name: string, fields: Fields, signal?: AbortSignal) => Promise<Fields>;

/** `urlOf` gives the URL of a queue, whose last segment is its name. */
export function createSqsProtocol(queue: Queue, urlOf: (name: string) => string): SqsProtocol {
  return async (target, body, signal) => {
    try {
      const action = getOwn(actions, actionOf(target));
      if (!action) throw new ProtocolError('UnsupportedOperation', `${target} is not offered here.`);
      const fields = fieldsOf(body);
      const name = queueNameOf(fields);
      if (name === undefined || !/^[A-Za-z0-9_.-]{1,80}$/.test(name))
        throw new ProtocolError('InvalidAddress', 'QueueUrl or QueueName must name a queue.');
      const answer = await action(queue, name, fields, signal);
      const isLookup = 'QueueName' in fields;
      return { status: 200, body: isLookup ? { ...answer, QueueUrl: urlOf(name) } : answer };
    } catch (error) {
      return failureOf(error);
    }
  };
}

/** The queue that a request is about: whoever authorizes it needs to know before it runs. Undefined: it names none. */
export function queueNameOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { QueueName, QueueUrl }: { QueueName?: unknown; QueueUrl?: unknown } = body;
  if (typeof QueueName === 'string') return QueueName;
  if (typeof QueueUrl !== 'string') return undefined;
  const last = withoutEnd(QueueUrl.split(/[?#]/)[0] ?? '', '/')
    .split('/')
    .at(-1);
  try {
    return last === undefined || last === '' ? undefined : decodeURIComponent(last);
  } catch {
    // No percent-encoding.
    return undefined;
  }
}

const actions: Readonly<Record<string, Action>> = {
  async CreateQueue(queue, name) {
    await queue.create(name);
    return {};
  },

  async GetQueueUrl() {
    return {};
  },

  async DeleteQueue(queue, name) {
    await queue.remove(name);
    return {};
  },

  async SendMessage(queue, name, fields) {
    refuse(fields, 'DelaySeconds', 'MessageGroupId', 'MessageDeduplicationId');
    const body = textField(fields, 'MessageBody');
    await queue.send(name, body);
    return { MessageId: messageId(body), MD5OfMessageBody: md5(body) };
  },

  async ReceiveMessage(queue, name, fields, signal) {
    refuse(fields, 'VisibilityTimeout');
    const messages = await queue.receive(name, {
      max: numberField(fields, 'MaxNumberOfMessages', 1, 1, 10),
      waitSeconds: numberField(fields, 'WaitTimeSeconds', 0, 0, 20),
      ...(signal && { signal }),
    });
    if (messages.length === 0) return {};
    return {
      Messages: messages.map(({ id, body, receipt }) => ({
        MessageId: id,
        ReceiptHandle: receipt,
        Body: body,
        MD5OfBody: md5(body),
      })),
    };
  },

  async DeleteMessage(queue, name, fields) {
    await queue.acknowledge(name, [textField(fields, 'ReceiptHandle')]);
    return {};
  },

  async DeleteMessageBatch(queue, name, fields) {
    const { Entries } = fields;
    if (!Array.isArray(Entries) || Entries.length === 0)
      throw new ProtocolError('EmptyBatchRequest', 'Entries must have at least one entry.');
    if (Entries.length > 10)
      throw new ProtocolError('TooManyEntriesInBatchRequest', 'Entries must have at most 10 entries.');
    const entries = Entries.map(fieldsOf);
    const receipts = entries.map((entry) => textField(entry, 'ReceiptHandle'));
    const ids = entries.map((entry) => textField(entry, 'Id'));
    if (new Set(ids).size < ids.length)
      throw new ProtocolError('BatchEntryIdsNotDistinct', 'Two entries have the same Id.');
    await queue.acknowledge(name, receipts);
    return { Successful: ids.map((Id) => ({ Id })), Failed: [] };
  },
};

/** A failure as SQS names it. */
class ProtocolError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.type = type;
  }
}

function failureOf(error: unknown): SqsResponse {
  if (error instanceof ProtocolError) return failure(400, error.type, error.message);
  if (!(error instanceof QueueError)) throw error;
  if (error.code === 'missing') return failure(400, 'QueueDoesNotExist', error.message);
  if (error.code === 'tooLarge') return failure(400, 'InvalidParameterValue', error.message);
  return failure(503, 'ServiceUnavailable', error.message);
}

function failure(status: number, type: string, message: string): SqsResponse {
  return { status, body: { __type: `com.amazonaws.sqs#${type}`, message } };
}

function actionOf(target: string): string {
  const [service, action] = target.split('.');
  return service === 'AmazonSQS' && action !== undefined ? action : '';
}

function fieldsOf(value: unknown): Fields {
  // as: an object's fields, each still unknown.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ProtocolError('SerializationException', 'The body must be a JSON object.');
}

function textField(fields: Fields, name: string): string {
  const value = getOwn(fields, name);
  if (typeof value === 'string' && value !== '') return value;
  throw new ProtocolError('MissingParameter', `${name} must be a string that is not empty.`);
}

function numberField(fields: Fields, name: string, otherwise: number, low: number, high: number): number {
  const value = getOwn(fields, name) ?? otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw new ProtocolError('InvalidParameterValue', `${name} must be between ${low} and ${high}.`);
}

function refuse(fields: Fields, ...names: string[]): void {
  for (const name of names)
    if ((getOwn(fields, name) ?? 0) !== 0)
      throw new ProtocolError('UnsupportedOperation', `${name} is not offered here.`);
}

/** Clients compare this digest with their own of the body that they sent or got. */
function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** A sender has no use for the id beyond a log line. */
function messageId(body: string): string {
  const hex = md5(body);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
