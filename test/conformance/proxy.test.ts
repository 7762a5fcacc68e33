// sig-network: what clients see through proxies of Services and pods, in every form of their names. The pod is servers of this process;
// test/e2e states the same over a real one.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import type { StreamHandler } from '../../functions/apiserver/streams-contract.ts';
import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { conformance } from './conformance.ts';

let t: TestApi;
const servers = new Map<number, Server>();
const base = '/api/v1/namespaces/default';

const link = '<a href="/rewriteme">test</a>';
const redirect = 'to /elsewhere';
/** What the pod serves, by its port. */
const plain: Record<number, string> = { 160: 'foo', 162: 'bar', 1080: link, 1081: redirect };
const encrypted: Record<number, string> = { 443: link, 460: 'tls baz', 462: 'tls qux' };

const unused = () => Promise.reject(new Error('not part of this test'));
const streams: StreamHandler = {
  respond: unused,
  upgrade: unused,
  accept: unused,
  connectNode: unused,
  async connect({ port }) {
    const server = servers.get(port);
    if (!server) throw new Error(`the pod does not listen on port ${port}`);
    // A TCP server has an AddressInfo.
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  },
};

beforeAll(async () => {
  t = await openTestApi({ streams });
  await t.namespace('default');
  const authority = await createTestAuthority();
  const pair = await authority.server();
  const serve = async (port: number, server: Server) => {
    servers.set(port, server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
  };
  for (const [port, says] of Object.entries(plain))
    await serve(
      Number(port),
      createServer((_, response) => {
        response.setHeader('content-type', says === link ? 'text/html' : 'text/plain');
        if (says === redirect) response.writeHead(302, { location: '/elsewhere' });
        response.end(says);
      }),
    );
  for (const [port, says] of Object.entries(encrypted))
    await serve(
      Number(port),
      createTlsServer(pair, (_, response) => {
        response.setHeader('content-type', says === link ? 'text/html' : 'text/plain');
        response.end(says);
      }),
    );
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1080 }] }] };
  const { body: pod } = await t.post(`${base}/pods`, { metadata: { name: 'porter' }, spec });
  const ports = [
    { name: 'portname1', port: 80, targetPort: 160 },
    { name: 'portname2', port: 81, targetPort: 162 },
    { name: 'tlsportname1', port: 443, targetPort: 460 },
    { name: 'tlsportname2', port: 444, targetPort: 462 },
    { name: 'page', port: 8080, targetPort: 1080 },
  ];
  await t.post(`${base}/services`, { metadata: { name: 'porter' }, spec: { ports } });
  const targetRef = { kind: 'Pod', namespace: 'default', name: 'porter', uid: pod.metadata.uid };
  await t.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'porter-1', labels: { 'kubernetes.io/service-name': 'porter' } },
    addressType: 'IPv4',
    ports: ports.map(({ name, targetPort }) => ({ name, port: targetPort, protocol: 'TCP' })),
    endpoints: [{ addresses: ['10.0.0.5'], conditions: { ready: true }, nodeName: 'n', targetRef }],
  });
});

afterAll(async () => {
  await t.close();
  for (const server of servers.values()) server.close();
});

const through = (name: string) => `${base}/${name}/proxy`;

conformance('Proxy version v1 should proxy through a service and a pod', async () => {
  const expected: [name: string, says: string][] = [
    ['services/porter:portname1', 'foo'],
    ['services/http:porter:80', 'foo'],
    ['services/porter:portname2', 'bar'],
    ['services/porter:81', 'bar'],
    ['services/https:porter:443', 'tls baz'],
    ['services/https:porter:tlsportname1', 'tls baz'],
    ['services/https:porter:444', 'tls qux'],
    ['pods/porter:160', 'foo'],
    ['pods/http:porter:162', 'bar'],
    ['pods/https:porter:460', 'tls baz'],
    ['pods/https:porter:462', 'tls qux'],
    // A link of the page leads to where the page itself was asked for.
    ...[
      'pods/porter',
      'pods/porter:1080',
      'pods/http:porter:1080',
      'pods/https:porter:443',
      'services/porter:page',
    ].map((name): [string, string] => [name, `<a href="${through(name)}/rewriteme">test</a>`]),
  ];
  for (const [name, says] of expected) {
    const answer = await t.get(`${through(name)}/`);
    expect([name, answer.status, answer.text]).toEqual([name, 200, says]);
  }
  const moved = await t.get(`${through('pods/porter:1081')}/`);
  expect([moved.status, moved.headers['location']]).toEqual([302, `${through('pods/porter:1081')}/elsewhere`]);
});
