// What the functions that run controllers have in common.

import type { FunctionSettings } from '../../core/cluster/settings.ts';
import type { Log } from '../../core/process/log.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { ConnectedStore } from '../../core/store/dynamodb/connect.ts';
import type { InvocationContext } from '../../core/work/invocation.ts';
import type { Waking } from '../../core/work/waking.ts';

export interface WorkersOptions {
  readonly settings: FunctionSettings;
  readonly connected: ConnectedStore;
  readonly queue: Queue;
  readonly waking: Waking;
  readonly logger: Log;
}

export type WorkerHandler = (event: unknown, context: InvocationContext) => Promise<void>;
