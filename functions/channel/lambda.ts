// The channel by which edges hear that logs have moved, and over which streams run: `handler` behind the routes of the WebSocket API,
// `announce` on the table's stream.

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { ensureSigningKey } from '../../core/cluster/signing-key.ts';
import { ticketKey } from '../../core/edge/ticket.ts';
import { streamKey } from '../../core/node/channel/ticket.ts';
import { createLog } from '../../core/process/log.ts';
import { changedTypes, type StreamEvent } from '../../core/store/dynamodb/changed-types.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { connectChannel } from '../../core/store/dynamodb/connect-channel.ts';
import { meterInvocations } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { announce as announceHeads } from './announce.ts';
import { answerChannel } from './channel.ts';
import { postToConnections } from './connections.ts';
import type { ChannelEvent } from './events.ts';

const { env } = process;
const settings = readSettings(env);
const log = createLog(settings.logLevel);
const meter = openMeter(settings, env, log);
const { store } = connectStore(settings.table, settings.bucket, env, meter.throttled, settings.historyMs);
const { subscriptions, streamEnds } = connectChannel(settings.table, env, meter.throttled);
const post = postToConnections({
  url: settings.connectionsUrl ?? '',
  region: settings.region,
  env,
  now: () => new Date(),
  fetchUrl: fetch,
});
let opening: Promise<{ tickets: Buffer; streams: Buffer }> | undefined;

export const handler = middy()
  .use(meterInvocations(meter))
  .handler(async (event: unknown) => {
    opening ??= ensureSigningKey(store).then((key) => ({ tickets: ticketKey(key), streams: streamKey(key) }));
    opening.catch(() => {
      opening = undefined;
    });
    const { tickets, streams } = await opening;
    const now = Date.now;
    const onError = (err: unknown) => log.warn({ err }, 'an end of a stream was not told something: it is said again');
    return answerChannel(
      {
        wishes: { subscriptions, store, key: tickets, now },
        streams: { ends: streamEnds, key: streams, post, onError, now },
        now,
      },
      // as: only the WebSocket API invokes this function.
      event as ChannelEvent,
    );
  });

export const announce = middy()
  .use(meterInvocations(meter))
  .handler(async (event: unknown): Promise<void> => {
    const onError = (err: unknown) =>
      log.warn({ err }, 'an edge was not told that logs have moved: it looks by itself');
    // as: only the stream invokes this function.
    await announceHeads({ subscriptions, post, onError }, changedTypes(event as StreamEvent));
  });
