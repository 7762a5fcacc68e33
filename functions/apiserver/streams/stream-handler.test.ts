import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { StatusError } from '../../../core/machinery/status.ts';
import { type FrameSocket, frame, frameSocket } from '../../../core/node/frame-socket.ts';
import type { NodeMessage, StreamRequest } from '../../../core/node/protocol.ts';
import { SpdyConnection } from '../../../core/node/spdy/connection.ts';
import { createLocalQueue } from '../../../core/queue/local/local-queue.ts';
import type { ApiRequest } from '../http.ts';
import { parseQuery, Query } from '../query.ts';
import type { PodStream } from '../streams-contract.ts';
import { createStreamHandler } from './stream-handler.ts';

// A plain HTTP server in front of the handler, and an agent that polls a real queue and dials in over a real WebSocket; what its
// containers do is the test's.

type Serve = (request: StreamRequest, server: FrameSocket) => Promise<void>;

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'ns', name: 'p', uid: 'u' },
  spec: { nodeName: 'n', containers: [{ name: 'a' }] },
};

let server: http.Server;
let base: string;
let serve: Serve;
let stops: AbortController;

beforeEach(async () => {
  stops = new AbortController();
  const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
  await queue.create('node-n');
  const handler = createStreamHandler({ queue, dialTimeoutMs: 2000 });
  const streamOf = (request: ApiRequest): PodStream => ({
    // The path's last segment, which the tests choose.
    kind: request.path.slice(1) as PodStream['kind'],
    pod,
    node: request.headers['x-node'] ?? 'n',
    query: new Query(parseQuery(request.query)),
    request,
    context: { user: { username: 'test', groups: [] }, warnings: [], audit: {} },
  });
  server = http.createServer(async (message, response) => {
    try {
      const answer = await handler.respond(streamOf(requestOf(message)));
      response.writeHead(answer.status);
      if (answer.body && !(answer.body instanceof Uint8Array))
        for await (const chunk of answer.body) response.write(chunk);
      response.end();
    } catch (error) {
      response.writeHead(error instanceof StatusError ? error.code : 500).end(String(error));
    }
  });
  server.on('upgrade', async (message, socket: Duplex, head) => {
    const request = requestOf(message);
    try {
      const id = /^\/agent\/(.*)$/.exec(request.path)?.[1];
      if (id !== undefined) await handler.accept('n', id, request, { socket, head });
      else await handler.upgrade(streamOf(request), { socket, head });
    } catch (error) {
      const code = error instanceof StatusError ? error.code : 500;
      socket.end(`HTTP/1.1 ${code} Refused\r\nConnection: close\r\n\r\n${String(error)}`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  void (async () => {
    const { signal } = stops;
    while (!signal.aborted) {
      for (const { body, receipt } of await queue.receive('node-n', { waitSeconds: 1, max: 10, signal })) {
        await queue.acknowledge('node-n', [receipt]);
        const message = JSON.parse(body) as NodeMessage;
        if (message.kind !== 'stream') continue;
        const socket = new WebSocket(`ws://${base}/agent/${message.id}`);
        socket.once('open', () => {
          const frames = frameSocket(socket);
          void serve(message.request, frames)
            .catch(() => undefined)
            .finally(() => frames.close());
        });
      }
    }
  })();
});

afterEach(async () => {
  stops.abort();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function requestOf(message: http.IncomingMessage): ApiRequest {
  const [path = '', query = ''] = (message.url ?? '').split('?');
  return { method: message.method ?? '', path, query, headers: message.headers as Record<string, string | undefined> };
}

const failure = (reason: 'BadRequest', message: string) =>
  frame(3, JSON.stringify(new StatusError(reason, message).status));
const success = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });

/** Says what it is given, until the end of the input; then ends well. */
const cat: Serve = async (_, node) => {
  await node.send(frame(1));
  for await (const each of node.frames) {
    if (each[0] === 0) await node.send(frame(1, each.subarray(1)));
    if (each[0] === 255 && each[1] === 0) break;
  }
  await node.send(frame(3, success));
};

interface Heard {
  readonly socket: WebSocket;
  readonly messages: Buffer[];
  readonly closed: Promise<number>;
}

async function dial(path: string, protocols: string[]): Promise<Heard> {
  const socket = new WebSocket(`ws://${base}${path}`, protocols);
  const messages: Buffer[] = [];
  socket.on('message', (data: Buffer) => messages.push(data));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  return { socket, messages, closed };
}

const textOn = (messages: readonly Buffer[], channel: number) =>
  Buffer.concat(messages.filter((each) => each[0] === channel).map((each) => each.subarray(1))).toString();

async function dialSpdy(path: string, version: string): Promise<SpdyConnection> {
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': version };
  const request = http.request(`http://${base}${path}`, { method: 'POST', headers });
  request.end();
  return new Promise((resolve, reject) => {
    request.on('upgrade', (response, socket, head) => {
      expect(response.headers['x-stream-protocol-version']).toBe(version);
      resolve(new SpdyConnection({ transport: socket, role: 'client', head }));
    });
    request.on('response', (response) => reject(new Error(String(response.statusCode))));
  });
}

/** As kubectl: the subprotocol's name is no token, so that WebSocket libraries do not send it. */
async function dialTunnel(path: string): Promise<SpdyConnection> {
  const request = http.request(`http://${base}${path}`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
    },
  });
  request.end();
  return new Promise((resolve, reject) => {
    request.on('upgrade', (response, socket, head) => {
      expect(response.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
      resolve(new SpdyConnection({ transport: binaryMessages(socket, head), role: 'client' }));
    });
    request.on('response', (response) => reject(new Error(String(response.statusCode))));
  });
}

/** The client's half of RFC 6455's framing, for binary messages with a mask of zeros. */
function binaryMessages(socket: Duplex, head: Buffer): Duplex {
  let buffer = head;
  const tunnel = new Duplex({
    read: () => {},
    write(chunk: Buffer, _encoding, done) {
      const header = Buffer.alloc(8);
      header[0] = 0x82;
      header[1] = 0x80 | 126;
      header.writeUInt16BE(chunk.length, 2);
      socket.write(Buffer.concat([header, chunk]), () => done());
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= 2) {
      const short = (buffer[1] ?? 0) & 0x7f;
      const begin = short === 126 ? 4 : 2;
      if (buffer.length < begin) return;
      const end = begin + (short === 126 ? buffer.readUInt16BE(2) : short);
      if (buffer.length < end) return;
      if (buffer[0] === 0x82) tunnel.push(buffer.subarray(begin, end));
      buffer = buffer.subarray(end);
    }
  });
  socket.on('close', () => tunnel.push(null));
  return tunnel;
}

async function read(data: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('log', () => {
  it('is a response that streams, with the options as the client gave them', async () => {
    let asked: StreamRequest | undefined;
    serve = async (request, node) => {
      asked = request;
      await node.send(frame(1));
      await node.send(frame(1, 'one\n'));
      await node.send(frame(1, 'two\n'));
    };
    const response = await fetch(`http://${base}/log?tailLines=2&timestamps=true&sinceSeconds=60`);
    expect([response.status, await response.text()]).toEqual([200, 'one\ntwo\n']);
    expect(asked).toMatchObject({ type: 'log', container: 'a', tailLines: 2, timestamps: true, sinceSeconds: 60 });
  });

  it('that the node cannot give is an HTTP error', async () => {
    serve = async (_, node) => node.send(failure('BadRequest', 'container "a" in pod "p" is waiting to start: x'));
    const response = await fetch(`http://${base}/log`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('is waiting to start: x');
  });

  it('is refused for options that are wrong, and for a container that is not there', async () => {
    for (const [query, code] of [
      ['tailLines=-1', 422],
      ['tailLines=many', 400],
      ['limitBytes=0', 422],
      ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422],
      ['sinceTime=then', 400],
      ['stream=stdnone', 422],
      ['container=zz', 400],
    ])
      expect([query, (await fetch(`http://${base}/log?${query}`)).status]).toEqual([query, code]);
  });

  it('says that the node does not answer, or leaves without a word', async () => {
    serve = async () => {};
    const nobody = await fetch(`http://${base}/log`, { headers: { 'x-node': 'other' } });
    expect([nobody.status, await nobody.text()]).toEqual([503, expect.stringContaining('did not answer within 2 s')]);
    expect((await fetch(`http://${base}/log`)).status).toBe(503);
  });

  it('tells the node when the client leaves', async () => {
    let left: () => void = () => {};
    const leaving = new Promise<void>((resolve) => {
      left = resolve;
    });
    serve = async (_, node) => {
      await node.send(frame(1, 'one\n'));
      for await (const _frame of node.frames);
      left();
    };
    const { socket, messages } = await dial('/log?follow=true', ['binary.k8s.io']);
    await expect.poll(() => Buffer.concat(messages).toString()).toBe('one\n');
    socket.close();
    await leaving;
  });

  it('comes over a WebSocket, in base64 to who asks for that', async () => {
    serve = async (_, node) => node.send(frame(1, 'text'));
    const { messages, closed, socket } = await dial('/log', ['base64.binary.k8s.io']);
    expect(await closed).toBe(1000);
    expect(socket.protocol).toBe('base64.binary.k8s.io');
    expect(Buffer.concat(messages).toString()).toBe(Buffer.from('text').toString('base64'));
  });
});

describe('exec over WebSocket', () => {
  const path = '/exec?command=cat&stdin=true&stdout=true&stderr=true';

  it('half-closes its input in v5, tells the Status, and closes with 1000', async () => {
    serve = cat;
    const { socket, messages, closed } = await dial(path, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    expect(socket.protocol).toBe('v5.channel.k8s.io');
    socket.send(frame(0, 'hello'));
    socket.send(Buffer.from([255, 0]));
    expect(await closed).toBe(1000);
    expect(textOn(messages, 1)).toBe('hello');
    expect(JSON.parse(textOn(messages, 3))).toMatchObject({ status: 'Success' });
  });

  it('in channel.k8s.io writes nothing on the error channel when all went well', async () => {
    serve = async (_, node) => {
      await node.send(frame(1));
      await node.send(frame(1, 'remote execution test'));
      await node.send(frame(3, success));
    };
    const { messages, closed } = await dial(path, ['channel.k8s.io']);
    await closed;
    expect(textOn(messages, 1)).toBe('remote execution test');
    expect(textOn(messages, 3)).toBe('');
  });

  it('in base64 has a digit for the channel', async () => {
    serve = async (_, node) => {
      await node.send(frame(1));
      const first = await node.frames[Symbol.asyncIterator]().next();
      await node.send(frame(2, first.value.subarray(1)));
      await node.send(failure('BadRequest', 'it failed'));
    };
    const { socket, messages, closed } = await dial(path, ['base64.channel.k8s.io']);
    socket.send(`0${Buffer.from('in').toString('base64')}`);
    await closed;
    const texts = messages.map((each) => `${each.toString()[0]}${Buffer.from(each.toString().slice(1), 'base64')}`);
    expect(texts).toEqual(['1', '2in', '3it failed']);
  });

  it('that cannot begin is refused before the handshake', async () => {
    serve = async (_, node) => node.send(failure('BadRequest', 'container not found'));
    await expect(dial(path, ['v5.channel.k8s.io'])).rejects.toThrow('400');
    await expect(dial(path, ['v9.channel.k8s.io'])).rejects.toThrow('400');
    await expect(dial('/exec?stdout=true', ['v5.channel.k8s.io'])).rejects.toThrow('400');
  });

  it('without an upgrade is a bad request', async () => {
    const response = await fetch(`http://${base}${path}`, { method: 'POST' });
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('Upgrade request required'),
    ]);
  });
});

describe('exec over SPDY', () => {
  it('has a stream for each channel, with half-close and Status', async () => {
    serve = cat;
    const spdy = await dialSpdy('/exec?command=cat&stdin=true&stdout=true', 'v4.channel.k8s.io');
    const error = await spdy.openStream({ streamtype: 'error' });
    const stdin = await spdy.openStream({ streamtype: 'stdin' });
    const stdout = await spdy.openStream({ streamtype: 'stdout' });
    await stdin.write(Buffer.from('hello'));
    stdin.end();
    expect(await read(stdout.data)).toBe('hello');
    expect(JSON.parse(await read(error.data))).toMatchObject({ status: 'Success' });
    await spdy.closed;
  });
});

describe('port-forward', () => {
  const shout: Serve = async (request, node) => {
    if (request.type !== 'portforward') return;
    if (request.port === 9) return node.send(frame(3, 'connection refused'));
    for await (const each of node.frames) {
      if (each[0] === 255) break;
      await node.send(frame(0, Buffer.from(each.subarray(1)).toString().toUpperCase()));
    }
    await node.send(frame(0, `port ${request.port}`));
    await node.send(Buffer.from([255, 0]));
  };

  async function forward(spdy: SpdyConnection, port: number, requestid: string) {
    const headers = { port: String(port), requestid };
    const error = await spdy.openStream({ ...headers, streamtype: 'error' });
    error.end();
    return { error, data: await spdy.openStream({ ...headers, streamtype: 'data' }) };
  }

  it.each(['an upgrade', 'a WebSocket'])('carries connections in SPDY over %s', async (how) => {
    serve = shout;
    const spdy =
      how === 'an upgrade' ? await dialSpdy('/portforward', 'portforward.k8s.io') : await dialTunnel('/portforward');
    await Promise.all(
      [80, 81].map(async (port) => {
        const { data, error } = await forward(spdy, port, String(port));
        await data.write(Buffer.from('hi '));
        data.end();
        expect(await read(data.data)).toBe(`HI port ${port}`);
        expect(await read(error.data)).toBe('');
      }),
    );
    const refused = await forward(spdy, 9, 'c');
    expect(await read(refused.error.data)).toBe('connection refused');
    spdy.destroy();
  });

  it('names its ports in the query of the older WebSocket protocol', async () => {
    serve = shout;
    const { socket, messages } = await dial('/portforward?ports=80,9', ['v4.channel.k8s.io']);
    socket.send(frame(0, 'hi'));
    await expect.poll(() => textOn(messages, 0)).toBe('P\0HI');
    await expect.poll(() => textOn(messages, 3)).toBe('\t\0connection refused');
    socket.close();
    await expect(dial('/portforward?ports=0', ['v4.channel.k8s.io'])).rejects.toThrow('400');
  });
});
