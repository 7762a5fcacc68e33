import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJsonService, type JsonService } from './json-service.ts';

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  readonly socket: Socket;
}

let asked: Asked[];
let answers: ((response: ServerResponse) => void)[];
let server: ReturnType<typeof createServer>;
let url: string;
const opened: JsonService[] = [];

beforeEach(async () => {
  asked = [];
  answers = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    asked.push({ headers: request.headers, body, socket: request.socket });
    (answers.shift() ?? ok)(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // as: a TCP server's address.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const service of opened.splice(0)) service.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function open(attempts = 1, answerMs = 4000): JsonService {
  const env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
    AWS_ENDPOINT_URL_DYNAMODB: url,
  };
  const service = createJsonService({ service: 'dynamodb', env, answerMs, attempts });
  opened.push(service);
  return service;
}

const ok = (response: ServerResponse) => response.end('{"Item":{}}');
const refuse = (status: number, body: object) => (response: ServerResponse) => {
  response.writeHead(status);
  response.end(JSON.stringify(body));
};
const throttle = refuse(400, { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'slower' });

describe('a call of a service', () => {
  it('is one signed POST that names its operation', async () => {
    expect(await open().call('GetItem', { TableName: 't' })).toEqual({ Item: {} });
    const [{ headers, body } = { headers: {}, body: undefined }] = asked;
    expect(headers).toMatchObject({
      'x-amz-target': 'DynamoDB_20120810.GetItem',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-security-token': 'session',
    });
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/dynamodb\/aws4_request/,
    );
    expect(body).toEqual({ TableName: 't' });
  });

  it('takes the connection of the one before', async () => {
    const service = open();
    await service.call('GetItem', {});
    await service.call('GetItem', {});
    expect(asked[0]?.socket).toBe(asked[1]?.socket);
  });

  it('fails with what the service says', async () => {
    const type = 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException';
    answers = [refuse(400, { __type: type, message: 'cancelled', CancellationReasons: [{ Code: 'None' }] })];
    await expect(open(3).call('TransactWriteItems', {})).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      message: 'cancelled',
      fault: 'client',
      details: { CancellationReasons: [{ Code: 'None' }] },
    });
    expect(asked).toHaveLength(1);
  });

  it('names its status where the answer says nothing else', async () => {
    answers = [(response) => response.writeHead(502).end('<html>Bad gateway')];
    await expect(open().call('GetItem', {})).rejects.toMatchObject({
      name: 'Status502',
      message: '502 <html>Bad gateway',
      fault: 'server',
    });
  });

  it('is sent again where that helps, as often as allowed', async () => {
    const broken = refuse(500, { __type: 'InternalServerError', message: 'oh' });
    answers = [throttle, broken, ok];
    expect(await open(3).call('GetItem', {})).toEqual({ Item: {} });
    answers = [throttle, broken, ok];
    await expect(open(2).call('GetItem', {})).rejects.toMatchObject({ name: 'InternalServerError' });
  });

  it('is given up when no answer comes in time, or its caller wants it no more', async () => {
    answers = [() => undefined, () => undefined];
    await expect(open(1, 20).call('GetItem', {})).rejects.toMatchObject({ name: 'TimeoutError' });
    const controller = new AbortController();
    const call = open(3).call('GetItem', {}, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('needs the variables that Lambda sets, and names the one that is missing', () => {
    expect(() => createJsonService({ service: 'sqs', env: {}, answerMs: 1 })).toThrow('AWS_REGION is missing');
  });
});
