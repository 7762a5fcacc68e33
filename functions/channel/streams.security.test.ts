// Streams on the channel, over a stand-in of API Gateway: the two ends that the API server gave tickets meet, and nobody else gets in, hears
// or says anything.

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ticketKey } from '../../core/edge/ticket.ts';
import { dialChannel } from '../../core/node/channel/dial.ts';
import {
  readStreamNews,
  type StreamNews,
  sealAddress,
  sealStreamTicket,
  streamKey,
} from '../../core/node/channel/ticket.ts';
import { type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import type { StreamRequest } from '../../core/node/protocol.ts';
import { tableStreamEnds } from '../../core/store/dynamodb/stream-ends.ts';
import type { StreamEnd } from '../../core/store/stream-ends.ts';
import { type ChannelGateway, startChannelGateway } from '../../test/aws/harness/channel-gateway.ts';
import { modelCalls } from '../../test/simulation/model/calls.ts';
import { ModelTable } from '../../test/simulation/model/table.ts';
import { createTestAuthority } from '../apiserver/testing/certificates.ts';
import { answerChannel } from './channel.ts';
import { postToConnections } from './connections.ts';
import type { ChannelEvent } from './events.ts';

const key = streamKey('the key of this cluster');
const now = Date.now;
const soon = () => Math.floor(now() / 1000) + 60;
const request: StreamRequest = {
  ...{ type: 'exec', namespace: 'n', pod: 'p', uid: 'u', container: 'c', command: ['sh'] },
  ...{ stdin: true, stdout: true, stderr: true, tty: true },
};
const patient = { comeMs: 60_000, goneMs: 60_000, brokenMs: 60_000 };
/** Where nothing is to come. */
const short = { times: { comeMs: 3_000, goneMs: 3_000, brokenMs: 1_000 } };

let gateway: ChannelGateway;
let ca: string;
const opened: (FrameSocket | Stranger)[] = [];

beforeEach(async () => {
  const authority = await createTestAuthority();
  ca = authority.cert;
  const surroundings = { now, sleep: async () => undefined, random: Math.random };
  const ends = tableStreamEnds(modelCalls(new ModelTable(now)), 'store', surroundings);
  const never = async () => {
    throw new Error('these tests follow no log');
  };
  const subscriptions = { put: never, drop: async () => undefined, of: never };
  const post = (connection: string, text: string) =>
    postToConnections({
      ...{ url: gateway.connectionsUrl, region: 'us-east-1', now: () => new Date(), fetchUrl: fetch },
      env: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    })(connection, text);
  const options = {
    wishes: { subscriptions, store: { head: never }, key: ticketKey('the key of this cluster'), now },
    streams: { ends, key, post, onError: () => undefined, now },
    now,
  };
  gateway = await startChannelGateway({
    ...{ host: '127.0.0.1', stage: 'prod', tls: await authority.server() },
    // as: events of the stand-in.
    invoke: (event) => answerChannel(options, event as ChannelEvent),
  });
});
afterEach(async () => {
  for (const each of opened.splice(0)) each.close();
  await gateway.close();
});

const ticketOf = (stream: string, end: StreamEnd, until = soon(), by = key) =>
  sealStreamTicket({ stream, end, until }, by);

async function come(stream: string, end: StreamEnd, secret: string, more: object = {}): Promise<FrameSocket> {
  const offer = { url: gateway.url, ticket: ticketOf(stream, end), secret };
  const socket = await dialChannel({
    offer,
    id: stream,
    request,
    end,
    other: 'the other end',
    ca,
    times: patient,
    ...more,
  });
  opened.push(socket);
  return socket;
}

interface Stranger {
  readonly heard: StreamNews[];
  say(word: object): void;
  close(): void;
}

/** Somebody with a WebSocket, who says what it likes. undefined: it was not let in. */
function stranger(bearer: string): Promise<Stranger | undefined> {
  const socket = new WebSocket(gateway.url, { headers: { authorization: `Bearer ${bearer}` }, ca });
  const heard: StreamNews[] = [];
  socket.on('message', (data) => heard.push(readStreamNews(String(data))));
  const made: Stranger = {
    heard,
    say: (word) => socket.send(JSON.stringify(word)),
    close: () => socket.terminate(),
  };
  opened.push(made);
  return new Promise((resolve) => {
    socket.once('open', () => resolve(made));
    socket.once('error', () => resolve(undefined));
  });
}

const secretOf = () => randomBytes(32).toString('base64url');

async function nextOf(socket: FrameSocket): Promise<string | undefined> {
  const { done, value } = await socket.frames[Symbol.asyncIterator]().next();
  return done ? undefined : Buffer.from(value).toString('utf8', 1);
}

it('brings the two ends together, which speak, and go on when their connections were lost', async () => {
  const secret = secretOf();
  const [client, node] = await Promise.all([come('s', 'client', secret), come('s', 'node', secret)]);
  await client.send(frame(0, 'whoami'));
  expect(await nextOf(node)).toBe('whoami');
  gateway.drop();
  await node.send(frame(1, 'root'));
  expect(await nextOf(client)).toBe('root');
});

it('lets in who has a ticket for an end that is good now, and nobody else', async () => {
  const [, mac = ''] = ticketOf('s', 'client').split('.');
  const changed = Buffer.from(JSON.stringify(['ticket', 't', 'client', soon()])).toString('base64url');
  for (const bearer of [
    ...['', 'x', 'a.b', 'a.b.c', 'x'.repeat(5000), `${changed}.${mac}`],
    ticketOf('s', 'client', soon() - 61),
    ticketOf('s', 'client', soon(), streamKey('the key of another cluster')),
    ticketOf('s', 'client', soon(), ticketKey('the key of this cluster')),
    sealAddress({ from: 'a', to: 'b', until: soon() }, key),
  ])
    expect(await stranger(bearer), bearer.slice(0, 100)).toBeUndefined();
  expect(await stranger(ticketOf('s', 'client'))).toBeDefined();
});

it('takes one at each end: who comes later, with a ticket that it saw, is refused and hears nothing', async () => {
  const secret = secretOf();
  const [client, node] = await Promise.all([come('s', 'client', secret), come('s', 'node', secret)]);
  await expect(come('s', 'node', secret)).rejects.toThrow('another one serves the stream');
  const thief = await stranger(ticketOf('s', 'client'));
  thief?.say({ join: ticketOf('s', 'client'), writer: 'thief' });
  thief?.say({ join: ticketOf('s', 'node'), writer: 'thief' });
  await expect.poll(() => thief?.heard).toEqual([{ refused: true }, { refused: true }]);
  await node.send(frame(1, 'secret'));
  expect(await nextOf(client)).toBe('secret');
  expect(thief?.heard).toHaveLength(2);
});

it('says nothing to a connection on whose address another one has no claim', async () => {
  const secret = secretOf();
  const [client, node] = await Promise.all([come('s', 'client', secret), come('s', 'node', secret)]);
  // One that has a stream of its own, and so a connection and an address.
  const other = await stranger(ticketOf('t', 'client'));
  const peer = await stranger(ticketOf('t', 'node'));
  other?.say({ join: ticketOf('t', 'client'), writer: 'other' });
  await expect.poll(() => other?.heard.length).toBe(1);
  peer?.say({ join: ticketOf('t', 'node'), writer: 'peer' });
  await expect.poll(() => other?.heard.find((each) => each.peer)).toBeDefined();
  await expect.poll(() => peer?.heard.find((each) => each.peer)).toBeDefined();
  const own = other?.heard.find((each) => each.peer)?.peer ?? '';
  const before = peer?.heard.length ?? 0;
  other?.say({ to: own, data: 'hello' });
  await expect.poll(() => peer?.heard.slice(before)).toEqual([{ data: 'hello' }]);
  // The address of its peer, in the hands of another; one that it made; a connection's bare name; a ticket.
  const thief = await stranger(ticketOf('s', 'client'));
  const made = sealAddress({ from: 'thief', to: 'x', until: soon() }, streamKey('a key that it made'));
  for (const to of [own, made, 'x', ticketOf('s', 'node'), '']) thief?.say({ to, data: 'rm -rf /' });
  await expect.poll(() => thief?.heard).toEqual(Array(5).fill({ gone: true }));
  expect(peer?.heard.slice(before)).toHaveLength(1);
  // The ends of the first stream heard nothing of it.
  await client.send(frame(0, 'still here'));
  expect(await nextOf(node)).toBe('still here');
});

it('what comes from who was let in, but has not the secret, is no word of the other end', async () => {
  const client = await come('s', 'client', secretOf(), short);
  // A second that holds the node's ticket and nothing else.
  const node = await stranger(ticketOf('s', 'node'));
  node?.say({ join: ticketOf('s', 'node'), writer: 'w' });
  await expect.poll(() => node?.heard.find((each) => each.peer)).toBeDefined();
  const to = node?.heard.find((each) => each.peer)?.peer ?? '';
  for (const data of ['', 'x', randomBytes(60).toString('base64url'), node?.heard.find((each) => each.data)?.data])
    node?.say({ to, data });
  await expect(nextOf(client)).rejects.toThrow('the other end did not answer within 3 s');
});

it('ends that were told of different commands do not understand each other', async () => {
  const secret = secretOf();
  const client = await come('s', 'client', secret);
  const node = await come('s', 'node', secret, { request: { ...request, command: ['rm', '-rf', '/data'] }, ...short });
  await client.send(frame(0, 'yes'));
  await expect(nextOf(node)).rejects.toThrow('did not answer');
});
