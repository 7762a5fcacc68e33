// sig-network and sig-node: what clients ask of pods and no command of kubectl does: every method through proxies, logs over WebSocket.
// They ask through a `kubectl proxy` on the cluster's host, which listens on a socket of this machine.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { conformance } from '../../conformance/conformance.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { tool } from '../../tools/kubectl.ts';
import { pod, service, shell } from '../../tools/manifests.ts';

/** Answers a request with what it was. */
const answer = [
  'read -r method path version',
  'length=0',
  'while read -r name value; do value=$(echo "$value" | tr -d \'\\r\')',
  '  case $name in [Cc]ontent-[Ll]ength:) length=$value ;; ?) break ;; esac',
  'done',
  'body="{\\"Method\\":\\"$method\\",\\"Path\\":\\"$path\\",\\"Body\\":\\"$(head -c "$length")\\"}"',
  'printf \'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n\' "$(printf %s "$body" | wc -c)"',
  '[ "$method" = HEAD ] || echo -n "$body"',
].join('\n');
const listen = "echo 'container is alive'; nc -ll -p 8080 -e sh -c \"$ANSWER\" & trap 'kill $!' TERM; wait $!";

export async function startProxied(cluster: TestCluster): Promise<void> {
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
  const main = shell('main', listen, { env: [{ name: 'ANSWER', value: answer }], readinessProbe });
  await cluster.apply([pod('echo', [main], {}, { app: 'echo' }), service('echo', 80, 8080)]);
}

interface Heard {
  readonly status: number | undefined;
  readonly location: string | undefined;
  readonly text: string;
}

export function throughProxies(cluster: () => TestCluster): void {
  /** Until `work` is over, a proxy serves at the socket that it is given. */
  async function withProxy(name: string, work: (socketPath: string) => Promise<void>): Promise<void> {
    const socketPath = join(cluster().dataDir, `${name}.sock`);
    const [nsenter = '', ...enter] = cluster().host.enter;
    const args = ['--kubeconfig', cluster().kubeconfig, 'proxy', `--unix-socket=${socketPath}`, '--disable-filter'];
    const child = spawn(nsenter, [...enter, tool('kubectl'), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(child, 'exit');
    try {
      await cluster().kubectl('wait', '--for=condition=Ready', 'pod/echo', '--timeout=120s');
      await Promise.race([once(child.stdout, 'data'), ended]);
      await work(socketPath);
    } finally {
      child.kill();
      await ended;
    }
  }

  const ask = (socketPath: string, method: string, path: string, body: string): Promise<Heard> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        { socketPath, method, path, headers: { 'content-length': body.length } },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode, location: response.headers.location, text }));
        },
      );
      request.on('error', reject);
      request.end(body);
    });

  const targets = ['pods/echo:8080', 'services/echo'].map((each) => `/api/v1/namespaces/default/${each}/proxy`);
  const changing = ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
  /** The pod saw this request, and its answer came back. */
  async function isPassedOn(socketPath: string, method: string, path: string, seen: string): Promise<void> {
    const body = ['PATCH', 'POST', 'PUT'].includes(method) ? 'sent' : '';
    const { status, text } = await eventually(60, async () => {
      const heard = await ask(socketPath, method, path, body);
      return heard.status !== 503 && heard;
    });
    expect(status, `${method} ${path}: ${text}`).toBe(200);
    if (method === 'HEAD') expect(text).toBe('');
    else expect(JSON.parse(text), `${method} ${path}`).toEqual({ Method: method, Path: seen, Body: body });
  }

  conformance('Proxy version v1 A set of valid responses are returned for both pod and service Proxy', () =>
    withProxy('proxy', async (socketPath) => {
      for (const target of targets) {
        for (const method of changing)
          await isPassedOn(socketPath, method, `${target}?method=${method}`, `/?method=${method}`);
        // Who reads is sent to where relative links hold.
        for (const method of ['GET', 'HEAD'])
          expect(await ask(socketPath, method, `${target}?method=${method}`, '')).toMatchObject({
            status: 301,
            location: `${target}/?method=${method}`,
          });
      }
    }),
  );

  conformance('Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath', () =>
    withProxy('proxy-path', async (socketPath) => {
      for (const target of targets)
        for (const method of [...changing, 'GET', 'HEAD'])
          await isPassedOn(socketPath, method, `${target}/some/path/with/${method}`, `/some/path/with/${method}`);
    }),
  );

  conformance('Pods should support retrieving logs from the container over websockets [NodeConformance]', () =>
    withProxy('logs', async (socketPath) => {
      const path = '/api/v1/namespaces/default/pods/echo/log?container=main';
      const socket = new WebSocket(`ws+unix:${socketPath}:${path}`, ['binary.k8s.io']);
      const closed = once(socket, 'close');
      let log = '';
      socket.on('message', (data: Buffer) => {
        log += data.toString();
      });
      await once(socket, 'open');
      await closed;
      expect(log).toBe('container is alive\n');
    }),
  );
}
