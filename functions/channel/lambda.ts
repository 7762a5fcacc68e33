// The channel by which edges hear that logs have moved: `handler` behind the routes of the WebSocket API, `announce` on the table's stream.

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { ensureSigningKey } from '../../core/cluster/signing-key.ts';
import { ticketKey } from '../../core/edge/ticket.ts';
import { createLog } from '../../core/process/log.ts';
import { changedTypes, type StreamEvent } from '../../core/store/dynamodb/changed-types.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { meterInvocations } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { announce as announceHeads } from './announce.ts';
import { postToConnections } from './connections.ts';
import { answerChannel, type ChannelEvent } from './wishes.ts';

const { env } = process;
const settings = readSettings(env);
const log = createLog(settings.logLevel);
const meter = openMeter(settings, env, log);
const { store, subscriptions } = connectStore(settings.table, settings.bucket, env, meter.throttled);
let opening: Promise<Buffer> | undefined;

export const handler = middy()
  .use(meterInvocations(meter))
  .handler(async (event: unknown) => {
    opening ??= ensureSigningKey(store).then(ticketKey);
    opening.catch(() => {
      opening = undefined;
    });
    // as: only the WebSocket API invokes this function.
    return answerChannel({ subscriptions, store, key: await opening, now: Date.now }, event as ChannelEvent);
  });

export const announce = middy()
  .use(meterInvocations(meter))
  .handler(async (event: unknown): Promise<void> => {
    const post = postToConnections({
      url: settings.connectionsUrl ?? '',
      region: settings.region,
      env,
      now: () => new Date(),
      fetchUrl: fetch,
    });
    const onError = (err: unknown) =>
      log.warn({ err }, 'an edge was not told that logs have moved: it looks by itself');
    // as: only the stream invokes this function.
    await announceHeads({ subscriptions, post, onError }, changedTypes(event as StreamEvent));
  });
