// The stream trigger: when a function commits and ends before it could wake the workers, the stream of the table wakes them (D2). It wakes
// them for what is due, too, and once a minute those whose call was lost.

import '../../core/process/frozen-intrinsics.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { changedHosted, changedTypes, type StreamEvent, saysDue } from '../../core/store/dynamodb/changed-types.ts';
import { connectWakes } from '../../core/store/dynamodb/connect-wakes.ts';
import { connectWaking } from '../../core/work/connect-waking.ts';
import { meterInvocations } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { createWakeups } from '../../core/work/wakeups.ts';
import { asksToSleep, tick, wakeAfterSleep, wakeDue } from './wake-due.ts';

const settings = readSettings(process.env);
const log = createLog(settings.logLevel);
const meter = openMeter(settings, process.env, log);
const wakes = connectWakes(settings.table, process.env, meter.throttled);
const waking = connectWaking(settings, process.env, wakes);
const options = { wakes, waking, clock: Date.now, sleep: (ms: number) => sleep(ms), ticked: { at: undefined } };

export const handler = middy()
  .use([meterInvocations(meter)])
  .handler(async (event: unknown): Promise<void> => {
    if (asksToSleep(event)) await wakeAfterSleep(options, event);
    else if (isOfStream(event)) await follow(event);
    else await tick(options);
    log.debug({}, 'woken');
  });

async function follow(stream: StreamEvent): Promise<void> {
  const failures: unknown[] = [];
  const onError = (error: unknown) => failures.push(error);
  const wakeups = createWakeups({ waking, onError });
  for (const type of changedTypes(stream).keys()) wakeups.committed(type);
  const hosted = [...changedHosted(stream)].map(([cluster, types]) => {
    const own = createWakeups({ waking, cluster, onError });
    for (const type of types) own.committed(type);
    return own;
  });
  const due = saysDue(stream) ? wakeDue(options).catch(onError) : undefined;
  await Promise.all([...[wakeups, ...hosted].map((each) => each.flush()), due]);
  // The batch comes again.
  if (failures.length > 0) throw new AggregateError(failures, 'workers could not be woken');
}

function isOfStream(event: unknown): event is StreamEvent {
  return typeof event === 'object' && event !== null && 'Records' in event;
}
