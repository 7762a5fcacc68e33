import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Authority, createAuthority, openAuthority } from '../../core/certificates/authority.ts';
import { makeNodeKey, needsCertificate, publicKeyOf } from '../joined/node-key.ts';
import { createPodApi, type PodApi } from './pod-api.ts';

const now = new Date();
const soon = new Date(now.getTime() + 3600_000);
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

let authority: Authority;
let upstream: https.Server;
let answer: (request: { url: string; headers: IncomingHttpHeaders }, response: ServerResponse) => void;
let api: PodApi;
let port: number;

beforeEach(async () => {
  authority = await openAuthority(await createAuthority('cluster-ca', now));
  const usages = ['digital signature', 'server auth'];
  const granted = { usages, notBefore: now, notAfter: soon };
  const own = await authority.issue({
    ...granted,
    subject: { commonName: 'far' },
    names: [{ type: 'ip', value: '127.0.0.1' }],
  });
  upstream = https.createServer({ key: own.key, cert: own.certificate }, (request, response) =>
    answer({ url: request.url ?? '', headers: request.headers }, response),
  );
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const nodeKey = await makeNodeKey();
  const cert = await authority.certify(publicKeyOf(nodeKey), {
    ...granted,
    subject: { commonName: 'kubernetes.default.svc' },
    names: [{ type: 'dns', value: 'kubernetes.default.svc' }],
  });
  port = await freePort();
  api = createPodApi({
    address: '127.0.0.1',
    port,
    // as: a TCP server's address is never a string.
    server: `https://127.0.0.1:${(upstream.address() as AddressInfo).port}/prod`,
    ca: authority.certificate,
    certificate: () => ({ key: nodeKey.key, cert }),
    log,
  });
  await api.start();
});
afterEach(async () => {
  await api.stop();
  upstream.closeAllConnections();
  upstream.close();
});

/** As a pod asks: by the Service's name, checked by the cluster's authority alone. */
function ask(path: string, headers: Record<string, string> = {}) {
  return https.request({
    host: '127.0.0.1',
    port,
    path,
    headers,
    servername: 'kubernetes.default.svc',
    ca: authority.certificate,
    agent: false,
  });
}

function responseTo(request: ReturnType<typeof ask>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => request.once('response', resolve).once('error', reject).end());
}

async function textOf(request: ReturnType<typeof ask>): Promise<{ status: number | undefined; text: string }> {
  const response = await responseTo(request);
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

it('passes requests on below the path of the API, with the credentials of who asks', async () => {
  answer = ({ url, headers }, response) => response.writeHead(201).end(`${url} ${headers['authorization']}`);
  const { status, text } = await textOf(ask('/api/v1/pods?limit=1', { authorization: 'Bearer pod' }));
  expect({ status, text }).toEqual({ status: 201, text: '/prod/api/v1/pods?limit=1 Bearer pod' });
});

it('lets a watch through event by event, and ends it when the pod leaves', async () => {
  const gone = new Promise<void>((resolve) => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"type":"ADDED"}\n');
      response.once('close', resolve);
    };
  });
  const request = ask('/api/v1/pods?watch=1');
  const response = await responseTo(request);
  expect(String((await once(response, 'data'))[0])).toBe('{"type":"ADDED"}\n');
  request.destroy();
  await gone;
});

it('says in a Status that the API cannot be reached', async () => {
  upstream.closeAllConnections();
  upstream.close();
  const { status, text } = await textOf(ask('/api'));
  expect(status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({ kind: 'Status', reason: 'ServiceUnavailable' });
});

it('breaks off what the API broke off', async () => {
  answer = (_, response) => {
    response.writeHead(200).write('half');
    setImmediate(() => response.destroy());
  };
  await expect(textOf(ask('/api'))).rejects.toThrow();
});

it('asks for another certificate when a third of the time is left', async () => {
  const key = await makeNodeKey();
  const days = (count: number) => new Date(now.getTime() + count * 86_400_000);
  const wanted = { subject: { commonName: 'a' }, usages: ['server auth'], notBefore: days(0), notAfter: days(90) };
  const certificate = await authority.certify(publicKeyOf(key), wanted);
  expect(needsCertificate(key, now.getTime())).toBe(true);
  expect(needsCertificate({ ...key, certificate }, days(59).getTime())).toBe(false);
  expect(needsCertificate({ ...key, certificate }, days(61).getTime())).toBe(true);
});

async function freePort(): Promise<number> {
  const server = https.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // as: as above.
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
