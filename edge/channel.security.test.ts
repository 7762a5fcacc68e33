// The channel of a cluster and an edge's end of it, over a stand-in of API Gateway: whoever has no ticket hears nothing, and whatever is said
// on it, an edge only looks.

import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { channelHeader, headsText, sealTicket, ticketHeader, ticketKey } from '../core/edge/ticket.ts';
import { streamKey } from '../core/node/channel/ticket.ts';
import type { Subscriptions } from '../core/store/subscriptions.ts';
import { createTestAuthority } from '../functions/apiserver/testing/certificates.ts';
import { announce } from '../functions/channel/announce.ts';
import { answerChannel } from '../functions/channel/channel.ts';
import { postToConnections } from '../functions/channel/connections.ts';
import type { ChannelEvent } from '../functions/channel/events.ts';
import { type ChannelGateway, startChannelGateway } from '../test/aws/harness/channel-gateway.ts';
import { type Channel, createChannel } from './channel.ts';

const key = ticketKey('the key of this cluster');
const soon = () => Math.floor(Date.now() / 1000) + 600;
const wanted = new Map<string, readonly string[]>();
const heads = new Map<string, number>();
const subscriptions: Subscriptions = {
  put: async (connection, types) => void wanted.set(connection, types),
  drop: async (connection) => void wanted.delete(connection),
  of: async (types) =>
    new Map([...wanted].map(([each, all]) => [each, all.filter((type) => types.has(type))] as const)),
};
const store = { head: async (type: string) => heads.get(type) ?? 0 };
const now = Date.now;
const never = async () => {
  throw new Error('these tests have no streams');
};
const options = {
  wishes: { subscriptions, store, key, now },
  streams: { ends: { join: never }, key: streamKey('the key of this cluster'), post: never, onError: never, now },
  now,
};

let gateway: ChannelGateway;
let ca: string;
let channel: Channel | undefined;
const seen: [string, number][] = [];

beforeEach(async () => {
  wanted.clear();
  heads.clear();
  seen.length = 0;
  const authority = await createTestAuthority();
  ca = authority.cert;
  gateway = await startChannelGateway({
    host: '127.0.0.1',
    stage: 'prod',
    tls: await authority.server(),
    // as: events of the stand-in.
    invoke: (event) => answerChannel(options, event as ChannelEvent),
  });
});
afterEach(async () => {
  channel?.close();
  channel = undefined;
  await gateway.close();
});

const open = () =>
  createChannel({
    ca,
    onHead: (resource, revision) => seen.push([resource, revision]),
    onChange: () => undefined,
    times: { wishMs: 600_000, answerMs: 60_000 },
  });

/** As an answer of the API. as: what is read of one. */
const answer = (ticket: string, url = gateway.url) =>
  ({ headers: { [ticketHeader]: ticket, [channelHeader]: url } }) as unknown as IncomingMessage;

const tell = (moved: ReadonlyMap<string, number>) =>
  announce(
    {
      subscriptions,
      post: postToConnections({
        url: gateway.connectionsUrl,
        region: 'us-east-1',
        env: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
        now: () => new Date(),
        fetchUrl: fetch,
      }),
      onError: (error) => {
        throw error;
      },
    },
    moved,
  );

it('hears the heads of what it has tickets for, then what moves, and again after the connection was lost', async () => {
  heads.set('pods', 7);
  channel = open();
  channel.heard('/pods', answer(sealTicket({ type: 'pods', until: soon() }, key)));
  await expect.poll(() => channel?.isTold('/pods')).toBe(true);
  expect(seen).toEqual([['/pods', 7]]);
  expect(channel.isTold('/secrets')).toBe(false);
  await tell(
    new Map([
      ['pods', 8],
      ['secrets', 3],
    ]),
  );
  await expect.poll(() => seen.at(-1)).toEqual(['/pods', 8]);
  channel.heard('apps/deployments', answer(sealTicket({ type: 'apps/deployments', until: soon() }, key)));
  await expect.poll(() => channel?.isTold('apps/deployments')).toBe(true);
  heads.set('pods', 9);
  gateway.drop();
  await expect.poll(() => seen.at(-2)).toEqual(['/pods', 9]);
  expect(channel.isTold('/pods')).toBe(true);
});

it('forgets a connection that is gone', async () => {
  channel = open();
  channel.heard('/pods', answer(sealTicket({ type: 'pods', until: soon() }, key)));
  await expect.poll(() => wanted.size).toBe(1);
  wanted.set('gone=', ['pods']);
  await tell(new Map([['pods', 8]]));
  expect([...wanted.keys()]).not.toContain('gone=');
});

it('takes no ticket that another made, that is over, or that says something else', async () => {
  const good = sealTicket({ type: 'pods', until: soon() }, key);
  const other = sealTicket({ type: 'secrets', until: soon() }, ticketKey('of another cluster'));
  const over = sealTicket({ type: 'pods', until: soon() - 601 }, key);
  const [, mac] = good.split('.');
  const changed = `${Buffer.from(JSON.stringify(['secrets', soon()])).toString('base64url')}.${mac}`;
  const connect = (ticket: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(gateway.url, { ca, headers: { authorization: `Bearer ${ticket}` } });
      socket.once('open', () => resolve('open'));
      socket.once('error', (error) => resolve(error.message));
    });
  for (const ticket of [other, over, changed, '', 'x', '.', `${good}x`, `${good}.x`, `Bearer ${good}`])
    expect(await connect(ticket), ticket).toContain('401');
  expect(await connect(good)).toBe('open');
  // Nor in a wish.
  const event = (body: string) => ({ requestContext: { routeKey: '$default', connectionId: 'c' }, body });
  for (const body of [
    '',
    '{',
    '[]',
    '{"tickets":1}',
    '{"tickets":[1]}',
    JSON.stringify({ tickets: Array(200).fill(good) }),
  ])
    expect((await answerChannel(options, event(body))).statusCode).toBe(400);
  await answerChannel(options, event(JSON.stringify({ tickets: [good, other, over, changed] })));
  expect(wanted.get('c')).toEqual(['pods']);
});

it('only looks, whatever it is told', async () => {
  channel = open();
  channel.heard('/pods', answer(sealTicket({ type: 'pods', until: soon() }, key)));
  await expect.poll(() => wanted.size).toBe(1);
  const [connection = ''] = wanted.keys();
  const post = postToConnections({
    url: gateway.connectionsUrl,
    region: 'us-east-1',
    env: {},
    now: () => new Date(),
    fetchUrl: fetch,
  });
  const rubbish = [
    '',
    '{',
    'null',
    '[]',
    '{"heads":{}}',
    '{"heads":[1,[],["pods"],["pods","9"],["pods",1e300],["__proto__",1]]}',
  ];
  for (const text of rubbish) await post(connection, text);
  for (const revision of [12, 12, 11]) await post(connection, headsText(new Map([['pods', revision]])));
  await expect
    .poll(() => seen.slice(-3))
    .toEqual([
      ['/pods', 12],
      ['/pods', 12],
      ['/pods', 11],
    ]);
  expect(new Set(seen.map(([resource]) => resource))).toEqual(new Set(['/pods']));
});

it('goes nowhere in the clear, and nowhere without a ticket', () => {
  channel = open();
  const ticket = sealTicket({ type: 'pods', until: soon() }, key);
  for (const url of ['ws://127.0.0.1:1/prod', 'http://127.0.0.1/', 'nowhere', ''])
    channel.heard('/pods', answer(ticket, url));
  channel.heard('/pods', answer('x'.repeat(5000)));
  channel.heard('/pods', answer('x'));
  expect(gateway.connections).toBe(0);
  expect(channel.isTold('/pods')).toBe(false);
});
