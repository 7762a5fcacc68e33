// The stream trigger: when a function commits and ends before it could wake the workers, the stream of the table wakes them (D2).

import '../../core/process/frozen-intrinsics.ts';
import middy from '@middy/core';
import { readSettings } from '../../core/cluster/settings.ts';
import { createLog } from '../../core/process/log.ts';
import { connectQueue } from '../../core/queue/sqs/connect.ts';
import { changedHosted, changedTypes, type StreamEvent } from '../../core/store/dynamodb/changed-types.ts';
import { meterInvocations } from '../../core/work/invocation.ts';
import { openMeter } from '../../core/work/meter.ts';
import { createWakeups } from '../../core/work/wakeups.ts';

const settings = readSettings(process.env);
const log = createLog(settings.logLevel);
const queue = connectQueue(settings, process.env);

export const handler = middy()
  .use(meterInvocations(openMeter(settings, process.env, log)))
  .handler(async (event: unknown): Promise<void> => {
    const failures: unknown[] = [];
    const onError = (error: unknown) => failures.push(error);
    const wakeups = createWakeups({ queue, onError });
    // as: only the stream invokes this function.
    const stream = event as StreamEvent;
    for (const type of changedTypes(stream).keys()) wakeups.committed(type);
    const hosted = [...changedHosted(stream)].map(([cluster, types]) => {
      const own = createWakeups({ queue, cluster, onError });
      for (const type of types) own.committed(type);
      return own;
    });
    await Promise.all([wakeups, ...hosted].map((each) => each.flush()));
    // The batch comes again.
    if (failures.length > 0) throw new AggregateError(failures, 'workers could not be woken');
    log.debug({}, 'woken');
  });
