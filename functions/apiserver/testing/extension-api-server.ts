// A small extension API server, for tests of aggregation: one kind, Flunder of wardle.example.com/v1alpha1, in memory, behind TLS. It
// believes X-Remote-User of nobody but the front proxy, as the cluster's ConfigMap extension-apiserver-authentication says.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { applyMergePatch } from '../../../core/machinery/merge-patch.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import type { Pair } from './certificates.ts';

export interface ExtensionApiServer {
  readonly port: number;
  /** Who asked for what, in order: `METHOD path user groups`. */
  readonly asked: {
    readonly method: string;
    readonly path: string;
    readonly user: string;
    readonly groups: string[];
    extra: Record<string, string>;
  }[];
  /** Names of its objects, as `namespace/name`. */
  names(): string[];
  /** Makes one. */
  add(namespace: string, name: string): void;
  close(): Promise<void>;
}

export interface ExtensionApiServerOptions {
  readonly certificate: Pair;
  /** The authority of the front proxy's certificate, PEM, and the names that such a certificate may have. */
  readonly requestHeaderCA: string;
  readonly allowedNames: readonly string[];
}

type Json = ReturnType<typeof JSON.parse>;

const group = 'wardle.example.com';
const version = 'v1alpha1';
const apiVersion = `${group}/${version}`;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: apiVersion,
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs, shortNames: ['fl'] },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get', 'patch', 'update'] },
  ],
};
const gvk = [{ group, version, kind: 'Flunder' }];
const flunderSchema = {
  description: 'Flunder is an example type with a spec.',
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      properties: { reference: { description: 'The name of another flunder.', type: 'string' } },
    },
  },
  'x-kubernetes-group-version-kind': gvk,
};
const schemaName = 'com.example.wardle.v1alpha1.Flunder';
const paths = (ref: string) => ({
  [`/apis/${apiVersion}/namespaces/{namespace}/flunders/{name}`]: {
    get: {
      operationId: 'readFlunder',
      'x-kubernetes-action': 'get',
      'x-kubernetes-group-version-kind': gvk[0],
      responses: {
        200: { description: 'OK', schema: { $ref: ref }, content: { 'application/json': { schema: { $ref: ref } } } },
      },
    },
  },
});
const openApi: Record<string, Json> = {
  '/openapi/v3': { paths: { [`apis/${apiVersion}`]: { serverRelativeURL: `/openapi/v3/apis/${apiVersion}?hash=1` } } },
  [`/openapi/v3/apis/${apiVersion}`]: {
    openapi: '3.0.0',
    info: { title: 'wardle', version },
    paths: paths(`#/components/schemas/${schemaName}`),
    components: { schemas: { [schemaName]: flunderSchema } },
  },
  '/openapi/v2': {
    swagger: '2.0',
    info: { title: 'wardle', version },
    paths: paths(`#/definitions/${schemaName}`),
    definitions: { [schemaName]: flunderSchema, Unused: { type: 'string' } },
  },
};

export async function openExtensionApiServer(options: ExtensionApiServerOptions): Promise<ExtensionApiServer> {
  const objects = new Map<string, Json>();
  const asked: ExtensionApiServer['asked'] = [];
  const watchers = new Set<(type: string, object: Json) => void>();
  let revision = 0;
  const store = (type: string, object: Json): Json => {
    revision += 1;
    object.metadata.resourceVersion = String(revision);
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, object);
    for (const each of watchers) each(type, object);
    return object;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const send = (code: number, body: Json) =>
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const fail = (code: number, reason: string, message: string) =>
      send(code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code });
    const url = new URL(request.url ?? '/', 'https://wardle');
    const socket = request.socket as TLSSocket; // the server speaks TLS alone
    const commonName = socket.getPeerCertificate().subject?.CN;
    if (!socket.authorized || !options.allowedNames.includes(String(commonName)))
      return void fail(401, 'Unauthorized', 'Unauthorized');
    const all = request.headersDistinct;
    const extra = Object.entries(all).filter(([name]) => name.startsWith('x-remote-extra-'));
    asked.push({
      method: request.method ?? '',
      path: url.pathname,
      user: all['x-remote-user']?.[0] ?? '',
      groups: all['x-remote-group'] ?? [],
      extra: Object.fromEntries(
        extra.map(([name, values]) => [decodeURIComponent(name.slice('x-remote-extra-'.length)), values?.join() ?? '']),
      ),
    });
    if (url.pathname === `/apis/${apiVersion}`) return void send(200, resourceList);
    const document = getOwn(openApi, url.pathname);
    if (document) return void send(200, document);
    const match = /^\/apis\/wardle\.example\.com\/v1alpha1(?:\/namespaces\/([^/]+))?\/flunders(?:\/([^/]+))?$/.exec(
      url.pathname,
    );
    if (!match) return void fail(404, 'NotFound', 'not found');
    const [, namespace = '', name = ''] = match;
    const chosen = [...objects.values()].filter(({ metadata }) => namespace === '' || metadata.namespace === namespace);
    const found = objects.get(`${namespace}/${name}`);
    if (request.method === 'GET' && name === '' && url.searchParams.get('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = (type: string, object: Json) => response.write(`${JSON.stringify({ type, object })}\n`);
      for (const each of chosen) if (url.searchParams.get('resourceVersion') === null) write('ADDED', each);
      response.flushHeaders();
      watchers.add(write);
      return void response.once('close', () => watchers.delete(write));
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const body: Json = text === '' ? undefined : JSON.parse(text);
    if (request.method === 'GET' && name === '')
      return void send(200, {
        kind: 'FlunderList',
        apiVersion,
        metadata: { resourceVersion: String(revision) },
        items: chosen,
      });
    if (request.method === 'POST') {
      const metadata = { ...body.metadata, namespace, uid: randomUUID(), creationTimestamp: '2026-01-01T00:00:00Z' };
      return void send(201, store('ADDED', { ...body, apiVersion, kind: 'Flunder', metadata }));
    }
    if (request.method === 'DELETE' && name === '') {
      for (const each of chosen) store('DELETED', each);
      return void send(200, { kind: 'Status', apiVersion: 'v1', status: 'Success' });
    }
    if (!found) return void fail(404, 'NotFound', `flunders.${group} "${name}" not found`);
    if (request.method === 'GET') return void send(200, found);
    if (request.method === 'PATCH') return void send(200, store('MODIFIED', applyMergePatch(found, body)));
    if (request.method === 'PUT') return void send(200, store('MODIFIED', body));
    send(200, store('DELETED', found));
  };

  const server = createServer(
    { ...options.certificate, ca: options.requestHeaderCA, requestCert: true, rejectUnauthorized: false },
    (request, response) => void handle(request, response),
  );
  server.on('upgrade', (request, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n${request.headers['x-remote-user']}:`,
    );
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A TCP server has an AddressInfo.
    port: (server.address() as AddressInfo).port,
    asked,
    names: () => [...objects.keys()],
    add: (namespace, name) => void store('ADDED', { apiVersion, kind: 'Flunder', metadata: { namespace, name } }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
