import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stsCredentials } from './queue-credentials.ts';
import { askSts } from './sts.ts';

const presigned = new URL('https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&X-Amz-Signature=ab');
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const server = createServer((request, response) => answer(request, response));
let env: Record<string, string>;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // as: it listens on TCP.
  const { port } = server.address() as AddressInfo;
  env = {
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function answers(status: number, body: unknown, headers: Record<string, string> = {}) {
  answer = (_, response) => response.writeHead(status, headers).end(JSON.stringify(body));
}

it('asks whose a token is with the URL that was signed, for the host that it was signed for', async () => {
  let asked: IncomingMessage | undefined;
  answer = (request, response) => {
    asked = request;
    const identity = { Arn: 'arn:aws:iam::1:user/eve', Account: '1', UserId: 'AIDA' };
    response.end(JSON.stringify({ GetCallerIdentityResponse: { GetCallerIdentityResult: identity } }));
  };
  const identity = await askSts(env)(presigned, { 'x-zeroplane-cluster': 'c' });
  expect(identity).toEqual({ arn: 'arn:aws:iam::1:user/eve', account: '1', userId: 'AIDA' });
  expect(asked?.url).toBe('/?Action=GetCallerIdentity&X-Amz-Signature=ab');
  expect(asked?.headers).toMatchObject({
    host: 'sts.eu-west-1.amazonaws.com',
    'x-zeroplane-cluster': 'c',
    accept: 'application/json',
  });
});

it('knows nobody where STS refuses, or says less than who it is', async () => {
  answers(403, { Error: { Code: 'SignatureDoesNotMatch' } });
  expect(await askSts(env)(presigned, {})).toBeUndefined();
  answers(200, { GetCallerIdentityResponse: { GetCallerIdentityResult: { Arn: 'arn:aws:iam::1:user/eve' } } });
  expect(await askSts(env)(presigned, {})).toBeUndefined();
});

it('fails where STS does, and follows nobody elsewhere', async () => {
  answers(503, {});
  await expect(askSts(env)(presigned, {})).rejects.toThrow('STS answered 503');
  answers(302, {}, { location: 'http://127.0.0.1:1/' });
  await expect(askSts(env)(presigned, {})).rejects.toThrow('STS answered 302');
});

it('lends credentials of one queue, and says why it cannot', async () => {
  const credentials = stsCredentials({
    role: 'arn:aws:iam::1:role/queue',
    region: 'eu-west-1',
    urlOf: (queue) => `https://sqs/${queue}`,
    arnOf: (queue) => `arn:aws:sqs:eu-west-1:1:${queue}`,
    env,
  });
  const lent = { AccessKeyId: 'ASIA', SecretAccessKey: 's', SessionToken: 't', Expiration: 1_700_000_000 };
  let authorization: string | undefined;
  answer = (request, response) => {
    authorization = request.headers.authorization;
    response.end(JSON.stringify({ AssumeRoleResponse: { AssumeRoleResult: { Credentials: lent } } }));
  };
  expect(await credentials.issue('node', 'node-q')).toEqual({
    kind: 'sqs',
    url: 'https://sqs/node-q',
    region: 'eu-west-1',
    credentials: {
      accessKeyId: 'ASIA',
      secretAccessKey: 's',
      sessionToken: 't',
      expiration: '2023-11-14T22:13:20.000Z',
    },
  });
  expect(authorization).toMatch(/^AWS4-HMAC-SHA256 .*\/eu-west-1\/sts\//);
  answers(403, { Error: { Code: 'AccessDenied' } });
  await expect(credentials.issue('node', 'node-q')).rejects.toThrow('STS refused to give credentials');
});
