// sig-network: pages that a pod serves, through proxies of itself and of its Service: their links and redirects lead behind the proxy.

import { expect } from 'vitest';
import { conformance } from '../../conformance/conformance.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { pod, service, shell } from '../../tools/manifests.ts';

const link = '<a href="/rewriteme">test</a>';

/** What its pod says on each port, with the status and one header more. */
const served: Readonly<Record<number, readonly [says: string, status: string, header: string]>> = {
  80: [link, '200 OK', 'Content-Type: text/html'],
  1080: [link, '200 OK', 'Content-Type: text/html; charset=utf-8'],
  160: ['foo', '200 OK', 'Content-Type: text/plain'],
  162: ['bar', '200 OK', 'Content-Type: text/plain'],
  1081: ['elsewhere', '302 Found', 'Location: /elsewhere'],
};

/** Reads a request to the end of its headers, and says what the variables hold. */
const answer = [
  'while read -r line rest; do case $line in ?) break ;; esac; done',
  'length=$(printf %s "$SAYS" | wc -c)',
  'printf \'HTTP/1.1 %s\\r\\n%s\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s\' "$STATUS" "$HEADER" "$length" "$SAYS"',
].join('\n');
const listen = Object.entries(served).map(
  ([port, [says, status, header]]) =>
    `SAYS='${says}' STATUS='${status}' HEADER='${header}' nc -ll -p ${port} -e sh -c "$ANSWER" &`,
);
const end = "trap 'kill $(jobs -p)' TERM; wait";

export async function startPages(cluster: TestCluster): Promise<void> {
  const main = shell('main', [...listen, end].join('\n'), {
    env: [{ name: 'ANSWER', value: answer }],
    ports: [
      { name: 'page', containerPort: 80 },
      { name: 'dest1', containerPort: 160 },
    ],
    readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
  });
  const ports = [
    { name: 'portname1', port: 80, targetPort: 'dest1' },
    { name: 'portname2', port: 81, targetPort: 162 },
    { name: 'page', port: 8080, targetPort: 'page' },
    { name: 'moved', port: 8081, targetPort: 1081 },
  ];
  await cluster.apply([pod('porter', [main], {}, { app: 'porter' }), service('porter', 80, 160, { ports })]);
}

export function pagesThroughProxies(cluster: () => TestCluster): void {
  const through = (name: string) => `/api/v1/namespaces/default/${name}/proxy`;

  conformance('Proxy version v1 should proxy through a service and a pod', async () => {
    await cluster().kubectl('wait', '--for=condition=Ready', 'pod/porter', '--timeout=120s');
    const behind = (name: string) => `<a href="${through(name)}/rewriteme">test</a>`;
    const pages = [
      'pods/porter',
      'pods/porter:80',
      'pods/porter:1080',
      'pods/http:porter:1080',
      'services/porter:page',
      'services/http:porter:8080',
    ];
    const expected: readonly (readonly [name: string, says: string])[] = [
      ...pages.map((name) => [name, behind(name)] as const),
      ['pods/porter:160', 'foo'],
      ['pods/http:porter:162', 'bar'],
      ['services/porter:portname1', 'foo'],
      ['services/http:porter:portname1', 'foo'],
      ['services/porter:81', 'bar'],
      ['services/porter:portname2', 'bar'],
    ];
    for (const [name, says] of expected) {
      const text = await eventually(60, async () => {
        const { code, stdout } = await cluster().attempt('get', '--raw', `${through(name)}/`);
        return code === 0 && stdout;
      });
      expect([name, text]).toEqual([name, says]);
    }
    // kubectl goes where it is sent: to a place that the proxy has.
    for (const name of ['pods/porter:1081', 'services/porter:moved']) {
      const { stderr } = await cluster().attempt('get', '--raw', `${through(name)}/`, '--v=8');
      expect([name, stderr]).toEqual([name, expect.stringContaining(`${through(name)}/elsewhere`)]);
    }
  });
}
