// The model of DynamoDB behind DynamoDB's own protocol, so that bundled functions reach it with AWS's client.
// Source: Amazon DynamoDB low-level API (JSON 1.0). Every change of the log goes to the stream's listener, as a stream record.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsError } from '../../../core/signature/json-service.ts';
import type { DynamoCalls } from '../../../core/store/dynamodb/calls.ts';
import { modelCalls } from '../../simulation/model/calls.ts';
import { sizeOf } from '../../simulation/model/sizes.ts';
import { ModelTable } from '../../simulation/model/table.ts';
import { type DynamoFaults, refusal } from './dynamo-faults.ts';

export interface StreamRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly dynamodb: { readonly Keys: Readonly<Record<string, { readonly S?: string }>> };
}

export interface DynamoServer {
  readonly url: string;
  /** The table itself, beside the protocol: nothing of it is counted, and nothing goes wrong. */
  readonly calls: DynamoCalls;
  /** Requests so far, by operation, and the capacity units that they were charged. */
  readonly requests: Map<string, number>;
  readonly units: { read: number; write: number };
  onRecord: ((record: StreamRecord) => void) | undefined;
  /** Of all items that there are. */
  sizes(): { readonly partition: string; readonly bytes: number }[];
  close(): Promise<void>;
}

const writes = new Set(['UpdateItem', 'PutItem', 'DeleteItem', 'TransactWriteItems']);

/** Without `faults` every request is done and answered. */
export async function startDynamoServer(host: string, faults?: DynamoFaults): Promise<DynamoServer> {
  const table = new ModelTable(Date.now);
  const calls = modelCalls(table);
  const requests = new Map<string, number>();
  const units = { read: 0, write: 0 };
  // Each operation takes what its name says; the table itself refuses what it does not know.
  const operations = new Map<string, (input: never) => Promise<object>>(
    Object.entries(calls).map(([name, call]) => [`${name[0]?.toUpperCase()}${name.slice(1)}`, call]),
  );
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    requests.set(operation, (requests.get(operation) ?? 0) + 1);
    const text = Buffer.concat(chunks).toString();
    const fault = faults?.next();
    const send = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(toWire(body)));
    };
    if (faults && fault === 'throttled') return send(400, refusal(operation, JSON.parse(text), faults.toss()));
    if (fault === 'requestLost') return void request.socket.destroy();
    if (fault === 'answerLost') request.socket.destroy();
    if (faults && fault === 'failed' && faults.toss()) return send(500, internalError);
    if (faults && (fault === 'slow' || fault === 'answerLost')) await delay(faults.delayMs());
    const { status, body } = await answer(operations.get(operation), text);
    for (const { CapacityUnits = 0 } of chargesOf(body))
      units[writes.has(operation) ? 'write' : 'read'] += CapacityUnits;
    if (fault === 'failed') send(500, internalError);
    else if (fault !== 'answerLost') send(status, body);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const started: DynamoServer = {
    // A TCP server's address is never a string, and is there while it listens.
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    calls,
    requests,
    units,
    onRecord: undefined,
    sizes: () => [...table.items()].map((item) => ({ partition: item['p']?.S ?? '', bytes: sizeOf(item) })),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  table.onChange = (before, after) => {
    const { p, s } = after ?? before ?? {};
    if (!p || !s) return;
    // Keys of this table are texts.
    const Keys = { p, s } as unknown as StreamRecord['dynamodb']['Keys'];
    started.onRecord?.({ eventName: after ? (before ? 'MODIFY' : 'INSERT') : 'REMOVE', dynamodb: { Keys } });
  };
  return started;
}

const internalError = { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: 'by chance' };

async function answer(call: ((input: never) => Promise<object>) | undefined, text: string) {
  if (!call) return { status: 400, body: { __type: 'com.amazon.coral.service#UnknownOperationException' } };
  try {
    // The table checks what it is given.
    return { status: 200, body: await call(fromWire(JSON.parse(text)) as never) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const details = error instanceof AwsError ? error.details : {};
    const body = {
      __type: `com.amazonaws.dynamodb.v20120810#${error.name}`,
      message: error.message,
      Message: error.message,
      ...details,
    };
    return { status: 400, body };
  }
}

function chargesOf(body: object): readonly { readonly CapacityUnits?: number }[] {
  const { ConsumedCapacity = [] } = body as {
    ConsumedCapacity?: { CapacityUnits?: number }[] | { CapacityUnits?: number };
  };
  return Array.isArray(ConsumedCapacity) ? ConsumedCapacity : [ConsumedCapacity];
}

/** Binary attributes travel as base64: `{"B": "..."}`. */
function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (only && entries.length === 1 && only[0] === 'B' && typeof only[1] === 'string')
    return { B: new Uint8Array(Buffer.from(only[1], 'base64')) };
  return Object.fromEntries(entries.map(([name, each]) => [name, fromWire(each)]));
}

function toWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toWire(each)]));
}
