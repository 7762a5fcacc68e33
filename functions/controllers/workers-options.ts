// What the functions that run controllers have in common.

import type { FunctionSettings } from '../../core/cluster/settings.ts';
import type { Log } from '../../core/process/log.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { ConnectedStore } from '../../core/store/dynamodb/connect.ts';
import type { BatchResult, InvocationContext } from '../../core/work/invocation.ts';
import type { DelayingQueue } from '../../core/work/until-quiet.ts';

export interface WorkersOptions {
  readonly settings: FunctionSettings;
  readonly connected: ConnectedStore;
  readonly queue: Queue & DelayingQueue;
  readonly logger: Log;
}

export type QueueHandler = (event: unknown, context: InvocationContext) => Promise<BatchResult>;
