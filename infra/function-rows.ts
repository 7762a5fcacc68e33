// The functions, one row each: what runs, with how much memory, for how long. A bundle is made of functions/<bundle>/lambda.ts. Whoever makes,
// plays or measures functions goes through these rows; what wakes the workers among them stands in core/work/workers.ts.

import type { Worker } from '../core/work/workers.ts';

export const bundleNames = ['apiserver', 'controllers', 'scheduler', 'stream-trigger', 'channel', 'drainer'] as const;

export type BundleName = (typeof bundleNames)[number];

export interface FunctionRow {
  readonly bundle: BundleName;
  /** The export of the bundle that is called. */
  readonly handler: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  readonly description: string;
  /** It reads and writes what the cluster stores. */
  readonly stores: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

const worker = { handler: 'handler', timeoutSeconds: 60, stores: true } as const;

export const functionRows = {
  read: {
    bundle: 'apiserver',
    handler: 'stream',
    memoryMegabytes: 512,
    timeoutSeconds: 900,
    description: 'reads of the API',
    stores: true,
    environment: { ZEROPLANE_WATCHES_ELSEWHERE: 'true' },
  },
  watch: {
    bundle: 'apiserver',
    handler: 'watch',
    // It is paid for as long as a watch is open.
    memoryMegabytes: 128,
    timeoutSeconds: 900,
    description: 'plain watches of the API',
    stores: true,
  },
  write: {
    bundle: 'apiserver',
    handler: 'buffered',
    memoryMegabytes: 1024,
    timeoutSeconds: 29,
    description: 'writes of the API',
    stores: true,
  },
  node: {
    bundle: 'apiserver',
    handler: 'stream',
    memoryMegabytes: 512,
    timeoutSeconds: 60,
    description: 'agents: joining, desired state, reports',
    stores: true,
    // A node's permissions do not change; what it asks for is looked up anew each time.
    environment: { ZEROPLANE_MAX_STALENESS_MS: '60000' },
  },
  hosted: {
    bundle: 'apiserver',
    handler: 'hosted',
    memoryMegabytes: 1024,
    timeoutSeconds: 900,
    description: 'the API of hosted clusters',
    stores: true,
  },
  controllers: { ...worker, bundle: 'controllers', memoryMegabytes: 1024, description: 'controllers' },
  scheduler: { ...worker, bundle: 'scheduler', memoryMegabytes: 1024, description: 'scheduler' },
  hosting: {
    ...worker,
    bundle: 'controllers',
    handler: 'hosting',
    memoryMegabytes: 1024,
    description: 'makes and removes hosted clusters, and runs their controllers',
  },
  notifier: { ...worker, bundle: 'apiserver', handler: 'notify', memoryMegabytes: 512, description: 'wakes nodes' },
  streamTrigger: {
    bundle: 'stream-trigger',
    handler: 'handler',
    memoryMegabytes: 128,
    timeoutSeconds: 30,
    description: 'wakes whom a writer could not wake, and what is due',
    stores: false,
  },
  channel: {
    bundle: 'channel',
    handler: 'handler',
    memoryMegabytes: 192,
    timeoutSeconds: 15,
    description: 'edges that want to hear which logs move',
    stores: true,
  },
  announce: {
    bundle: 'channel',
    handler: 'announce',
    memoryMegabytes: 192,
    timeoutSeconds: 30,
    description: 'tells edges which logs have moved',
    stores: true,
  },
  drainer: {
    bundle: 'drainer',
    handler: 'handler',
    memoryMegabytes: 512,
    timeoutSeconds: 900,
    description: 'empties machines that are about to end',
    stores: true,
  },
} as const satisfies Readonly<Record<string, FunctionRow>> & Readonly<Record<Worker, FunctionRow>>;

export type FunctionName = keyof typeof functionRows;

// as: the keys are these.
export const functionNames = Object.keys(functionRows) as readonly FunctionName[];

/** Of each function. */
export function ofFunctions<T>(make: (name: FunctionName) => T): Readonly<Record<FunctionName, T>> {
  // as: made from the list of all functions.
  return Object.fromEntries(functionNames.map((name) => [name, make(name)])) as Record<FunctionName, T>;
}
