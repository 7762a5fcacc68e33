// API Gateway's WebSocket APIs in small: routes $connect, $disconnect and $default with an answer, text frames and their sizes, and the
// management API by which functions post to connections. Source: API Gateway developer guide, "WebSocket APIs", "Quotas".

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What may become of a message. API Gateway promises neither that it comes, nor once, nor in order: each starts a function of its own. */
export interface ChannelFaults {
  /** Of how many, from 0 to 1. */
  readonly lost: number;
  readonly doubled: number;
  /** Each comes after up to so many milliseconds. */
  readonly lateMs: number;
}

export interface ChannelGateway {
  /** With the stage. */
  readonly url: string;
  readonly connectionsUrl: string;
  readonly connections: number;
  /** From clients and to them, as they are charged. */
  readonly messages: number;
  /** From now on; undefined: nothing goes wrong. */
  faults: ChannelFaults | undefined;
  /** Ends all connections, as API Gateway does after two hours. */
  drop(): void;
  close(): Promise<void>;
}

export interface ChannelGatewayOptions {
  readonly host: string;
  readonly stage: string;
  readonly tls: { readonly key: string; readonly cert: string };
  readonly invoke: (event: unknown) => Promise<unknown>;
  /** What becomes of messages on their way to clients. Without it all come, once and in order. */
  readonly delivery?: MessageFaults;
}

/** Asked with each message. */
export interface MessageFaults {
  lost(): boolean;
  twice(): boolean;
  /** In milliseconds; others overtake it meanwhile. */
  lateMs(): number;
}

const frameBytes = 32 * 1024;

export async function startChannelGateway(options: ChannelGatewayOptions): Promise<ChannelGateway> {
  const { host, stage, tls, invoke, delivery } = options;
  const connections = new Map<string, WebSocket>();
  let messages = 0;
  let faults: ChannelFaults | undefined;
  /** Once, or as the faults have it. */
  const bring = (message: () => unknown): void => {
    if (!faults) return void message();
    const { lost, doubled, lateMs } = faults;
    if (Math.random() < lost) return;
    for (let times = Math.random() < doubled ? 2 : 1; times > 0; times--) setTimeout(message, Math.random() * lateMs);
  };
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 128 * 1024 });
  const server = createHttps(tls);
  const ask = async (routeKey: string, connectionId: string, more: object = {}) => {
    // as: what the function of these routes answers.
    const event = { requestContext: { routeKey, connectionId, stage }, isBase64Encoded: false, ...more };
    return (await invoke(event)) as { statusCode?: number; body?: string } | undefined;
  };
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    const connectionId = `${randomBytes(11).toString('base64')}=`.replace('==', '=');
    const refuse = (code: number) =>
      socket.end(`HTTP/1.1 ${code} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    if (request.url !== `/${stage}`) return refuse(403);
    ask('$connect', connectionId, { headers: request.headers }).then(
      (answer) => {
        if (answer?.statusCode !== 200) return refuse(answer?.statusCode ?? 500);
        sockets.handleUpgrade(request, socket, head, (opened) => accept(connectionId, opened));
      },
      () => refuse(500),
    );
  });

  function accept(connectionId: string, socket: WebSocket): void {
    connections.set(connectionId, socket);
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => {
      messages += 1;
      const text = String(data);
      if (isBinary) return socket.close(1003);
      if (text.length > frameBytes) return socket.close(1009);
      bring(() =>
        ask('$default', connectionId, { body: text }).then(
          (answer) => {
            if (answer?.body !== undefined) send(socket, answer.body);
          },
          () => send(socket, JSON.stringify({ message: 'Internal server error', connectionId })),
        ),
      );
    });
    socket.on('close', () => {
      connections.delete(connectionId);
      ask('$disconnect', connectionId).catch(() => undefined);
    });
  }

  function send(socket: WebSocket, text: string): void {
    messages += 1;
    const copies = delivery?.lost() ? 0 : delivery?.twice() ? 2 : 1;
    for (let left = copies; left > 0; left--) {
      const lateMs = delivery?.lateMs() ?? 0;
      if (lateMs > 0) setTimeout(() => socket.send(text), lateMs);
      else bring(() => socket.send(text));
    }
  }

  const management = createHttp(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const id = decodeURIComponent((request.url ?? '').split('/@connections/')[1] ?? '');
    const socket = connections.get(id);
    const signed = request.headers.authorization?.includes('/execute-api/aws4_request') ?? false;
    if (!signed || request.method !== 'POST') response.writeHead(403);
    else if (!socket) response.writeHead(410);
    else {
      send(socket, Buffer.concat(chunks).toString());
      response.writeHead(200);
    }
    response.end();
  });
  server.listen(0, host);
  management.listen(0, host);
  await Promise.all([once(server, 'listening'), once(management, 'listening')]);
  // as: a TCP server's address is never a string.
  const portOf = (each: { address(): unknown }) => (each.address() as AddressInfo).port;
  return {
    url: `wss://${host}:${portOf(server)}/${stage}`,
    connectionsUrl: `http://${host}:${portOf(management)}/${stage}`,
    get connections() {
      return connections.size;
    },
    get messages() {
      return messages;
    },
    get faults() {
      return faults;
    },
    set faults(wanted) {
      faults = wanted;
    },
    drop() {
      for (const socket of connections.values()) socket.terminate();
    },
    async close() {
      for (const socket of connections.values()) socket.terminate();
      sockets.close();
      server.close();
      server.closeAllConnections();
      management.close();
      management.closeAllConnections();
    },
  };
}
