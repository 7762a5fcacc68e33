// A write before and after it got its revision.

import type { Write } from '../store.ts';
import type { StoredObject, StoredValue } from './items.ts';

/** Encoded once, whatever revisions it is tried at. */
export interface Prepared {
  readonly write: Write;
  readonly value?: StoredValue;
  /** When it was begun to be laid aside, in Unix milliseconds, where it lies beside the table. */
  readonly asideSince?: number;
}

/** What the write is to replace, as it was read or as the caller expects it. */
export interface Planned extends Prepared {
  /** 0: the key must not exist. */
  readonly previous: number;
  /** The value that the log entry carries; absent for a check, and for a delete of what does not exist. */
  readonly value?: StoredValue;
  /** 0: the write changes nothing. */
  readonly revision: number;
  readonly takenAt: number;
}

/** Whether the key's state must be read first: where anything is expected, and where the last state is to be carried. */
export function needsReading(write: Write): boolean {
  return write.expect === 'any' || (write.op === 'delete' && !write.value);
}

/** Whether the write takes a revision, given what is there. */
export function changes({ write }: Prepared, current: StoredObject | undefined): boolean {
  if (write.op === 'check') return false;
  if (write.op === 'put') return true;
  return write.expect === 'any' ? current?.value !== undefined : write.expect > 0;
}
