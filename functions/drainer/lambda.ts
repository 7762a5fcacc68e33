// The drainer as a Lambda function: EventBridge starts it when a machine of the cluster is about to end, and it stays until the node is empty
// or the time is over. Lambda starts it again when it fails; Auto Scaling goes on without it when it does not come again.

import '../../core/process/frozen-intrinsics.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { createEventRecorder } from '../../core/registry/event-recorder.ts';
import { openOverRelays } from '../../core/registry/over-relays.ts';
import { connectStore } from '../../core/store/dynamodb/connect.ts';
import { notifyOwnCommits } from '../../core/store/own-commits.ts';
import { connectWaking } from '../../core/work/connect-waking.ts';
import { type InvocationContext, logInvocation, meterInvocations } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { createWakeups } from '../../core/work/wakeups.ts';
import { drainInstance } from './drain.ts';
import { machineEnds } from './events.ts';
import { openLifecycle } from './lifecycle.ts';

/** From when it was said: Lambda gives fifteen minutes, and Auto Scaling two hours. */
const longestMs = 14 * 60_000;
/** Of a Spot instance, which nobody can hold back. */
const interruptionMs = 2 * 60_000;
/** What is kept of an invocation's time for telling what came of it. */
const reserveMs = 20_000;

const { env } = process;
const settings = readSettings(env);
const logger = createLog(settings.logLevel);
const meter = openMeter(settings, env, logger);
const log = (message: string, error?: unknown) => logger.warn({ err: error }, message);
const connected = connectStore(settings.table, settings.bucket, env, meter.throttled, settings.historyMs);
const queue = connectQueue(settings, env);
const wakeups = createWakeups({
  waking: connectWaking(settings, env, connected.wakes),
  onError: (err, worker) => logger.warn({ err, worker }, 'a worker could not be woken; the stream will'),
});
const store = notifyOwnCommits(connected.store, wakeups.committed);
// For the webhooks of evictions.
const { parts, end } = openOverRelays(store, { ...settings, relays: connected.relays, queue });
const events = createEventRecorder(parts.registry, () => parts.definitions.ofType('events'), Date.now, log);
const lifecycle = openLifecycle(env);

export const handler = middy()
  .use([meterInvocations(meter), logInvocation(logger, Date.now)])
  .handler(async (event: unknown, context: InvocationContext): Promise<void> => {
    const ends = machineEnds(event);
    if (!ends) return;
    const { instance, since, action } = ends;
    const until = Math.min(
      since + (action ? longestMs : interruptionMs),
      Date.now() + context.getRemainingTimeInMillis() - reserveMs,
    );
    const drained = await drainInstance(instance, {
      ...parts,
      events,
      context: {
        user: { username: 'system:serviceaccount:kube-system:node-drainer', groups: ['system:authenticated'] },
        warnings: [],
      },
      now: Date.now,
      sleep: (ms) => sleep(ms),
      until,
      async beat() {
        // What was written wakes whoever ends the pods, before this process waits for them.
        await wakeups.flush();
        return action ? lifecycle.beat(instance, action) : true;
      },
    });
    if (drained && drained.left.length > 0)
      logger.warn({ instance, node: drained.node, left: drained.left }, 'a machine ends with pods on it');
    await wakeups.flush();
    await end();
    if (action) await lifecycle.complete(instance, action);
  });
