// One log entry as it was applied, and how watchers see it: each form is made and encoded once, whoever asks.

import type { Filter, ReplicaEvent, WatchEvent } from './replica.ts';
import type { StoredEntry } from './stored-entry.ts';

type EventType = WatchEvent['type'];

export class AppliedEvent implements ReplicaEvent {
  readonly type: EventType;
  readonly revision: number;
  readonly entry: StoredEntry;
  readonly previous?: StoredEntry;
  /** There was a state before, but it was compacted before this process started. */
  readonly previousUnknown: boolean;
  readonly #seen: Partial<Record<EventType, SeenEvent>> = {};

  constructor(type: EventType, entry: StoredEntry, previous: StoredEntry | undefined) {
    this.type = type;
    this.revision = entry.revision;
    this.entry = entry;
    if (previous) this.previous = previous;
    this.previousUnknown = type !== 'ADDED' && !previous;
  }

  /** What a watcher of these names and this filter sees; undefined: nothing. */
  typesSeenBy(prefix: string, filter: Filter | undefined): WatchEvent | undefined {
    if (!this.entry.name.startsWith(prefix)) return undefined;
    if (!filter) return this.#as(this.type);
    if (this.type === 'DELETED') return filter.matches(this.previous ?? this.entry) ? this.#as('DELETED') : undefined;
    const matches = filter.matches(this.entry);
    if (this.type === 'ADDED') return matches ? this.#as('ADDED') : undefined;
    // Of an unknown state before, the watcher may have been told: MODIFIED and DELETED are right whether it was or not.
    const matched = this.previous ? filter.matches(this.previous) : true;
    if (matches) return this.#as(matched ? 'MODIFIED' : 'ADDED');
    return matched ? this.#as('DELETED') : undefined;
  }

  #as(type: EventType): SeenEvent {
    let seen = this.#seen[type];
    if (!seen) {
      const left = type === 'DELETED' && this.type !== 'DELETED';
      const entry = left ? (this.previous ?? this.entry).at(this.revision) : this.entry;
      seen = new SeenEvent(type, entry);
      this.#seen[type] = seen;
    }
    return seen;
  }
}

class SeenEvent implements WatchEvent {
  readonly type: EventType;
  readonly revision: number;
  readonly entry: StoredEntry;
  #line: Uint8Array | undefined;

  constructor(type: EventType, entry: StoredEntry) {
    this.type = type;
    this.revision = entry.revision;
    this.entry = entry;
  }

  get line(): Uint8Array {
    this.#line ??= Buffer.concat([lineStart[this.type], this.entry.bytes, lineEnd]);
    return this.#line;
  }
}

const lineStart = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const lineEnd = Buffer.from('}\n');
