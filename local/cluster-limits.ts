// How much of its machine goes to the clusters that it hosts.

import { totalmem } from 'node:os';

export interface ClusterLimits {
  /** Clusters that there may be at a time; 0: none can be made. */
  readonly most: number;
  /** Bytes that the store of one may take. */
  readonly bytes: number;
  /** Milliseconds without a request, and with nothing to do, after which one is let go of. */
  readonly idleMs: number;
}

export const defaultLimits: ClusterLimits = { most: 200, bytes: 256 * 1024 * 1024, idleMs: 5 * 60_000 };

/** Of V8's heap, of one that runs. What else its process needs is some 60 MB. */
export const heapMegabytes = 256;

/** How many may run at a time: of half of the memory that the machine has. */
export function mostRunning(memoryBytes = totalmem()): number {
  return Math.max(4, Math.floor(memoryBytes / 2 / (150 * 1024 * 1024)));
}
