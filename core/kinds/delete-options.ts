// How an object is to be deleted. Source: meta/v1, DeleteOptions.

import type { Int64 } from '../machinery/object.ts';

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: Int64;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly orphanDependents?: boolean;
  readonly preconditions?: Preconditions;
  readonly dryRun?: boolean;
  /** Deletes what cannot be read, and nothing else (KEP-3926). */
  readonly ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
}
