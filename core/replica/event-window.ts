// The newest events of a replica, bounded in count and in bytes: what a watch resumes from and an older snapshot is told by.

import type { AppliedEvent } from './applied-event.ts';
import { firstAbove } from './first-above.ts';

export class EventWindow {
  readonly #maximumEvents: number;
  readonly #maximumBytes: number;
  #events: AppliedEvent[] = [];
  /** Events before this index were forgotten. */
  #start = 0;
  #bytes = 0;
  #floor: number;

  constructor(floor: number, maximumEvents: number, maximumBytes: number) {
    this.#floor = floor;
    this.#maximumEvents = maximumEvents;
    this.#maximumBytes = maximumBytes;
  }

  /** Every event above this revision is here. */
  get floor(): number {
    return this.#floor;
  }

  push(event: AppliedEvent): void {
    this.#events.push(event);
    this.#bytes += event.entry.bytes.length;
    while (this.#events.length - this.#start > this.#maximumEvents || this.#bytes > this.#maximumBytes) {
      const oldest = this.#events[this.#start];
      if (!oldest) return;
      this.forget(oldest.revision);
    }
  }

  /** Forgets events up to this revision. */
  forget(revision: number): void {
    if (revision <= this.#floor) return;
    this.#floor = revision;
    for (;;) {
      const oldest = this.#events[this.#start];
      if (!oldest || oldest.revision > revision) break;
      this.#bytes -= oldest.entry.bytes.length;
      this.#start++;
    }
    if (this.#start < 1024 || this.#start * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#start);
    this.#start = 0;
  }

  /** Parsed forms of states that were replaced: only a watch that starts in the past asks for them again. */
  forgetObjects(): void {
    for (let i = this.#start; i < this.#events.length; i++) {
      this.#events[i]?.entry.forgetObject();
      this.#events[i]?.previous?.forgetObject();
    }
  }

  /** Events above `after`, in order. */
  *above(after: number): Generator<AppliedEvent> {
    for (let i = firstAbove(this.#events, after, this.#start); i < this.#events.length; i++) {
      const event = this.#events[i];
      if (event) yield event;
    }
  }
}
