// Watchers of the same names and the same filter: each event is judged once for all of them and kept once; a watcher is a place in
// the shared list. A slow watcher therefore costs nothing but a bound on how long the list may get.

import type { AppliedEvent } from './applied-event.ts';
import { firstAbove } from './first-above.ts';
import type { Filter, Watch, WatchEvent } from './replica.ts';

export interface ChannelHost {
  /** The revision that the replica is at. */
  readonly revision: number;
  /** Asks for `notify` in a later turn. */
  wake(channel: Channel): void;
  /** The channel has no watchers any more. */
  drop(channel: Channel): void;
}

export class Channel {
  readonly key: string;
  readonly #host: ChannelHost;
  readonly #prefix: string;
  readonly #filter: Filter | undefined;
  readonly #watchers = new Set<ChannelWatch>();
  #events: WatchEvent[] = [];
  /** The place of `#events[0]`: places keep their numbers when events are added in front or forgotten. */
  #base = 0;
  /** Every event above this revision that these watchers see is in `#events`. */
  #from: number;

  constructor(host: ChannelHost, key: string, prefix: string, filter: Filter | undefined) {
    this.#host = host;
    this.key = key;
    this.#prefix = prefix;
    this.#filter = filter;
    this.#from = host.revision;
  }

  /** A watcher of events above `after`; `past` yields the applied events above a revision. */
  watch(after: number, capacity: number, past: (after: number) => Iterable<AppliedEvent>): Watch {
    if (after < this.#from) {
      const earlier: WatchEvent[] = [];
      for (const event of past(after)) {
        if (event.revision > this.#from) break;
        const seen = event.typesSeenBy(this.#prefix, this.#filter);
        if (seen) earlier.push(seen);
      }
      this.#events = earlier.concat(this.#events);
      this.#base -= earlier.length;
      this.#from = after;
    }
    const place = this.#base + firstAbove(this.#events, after);
    const watcher = new ChannelWatch(this, after, place, capacity);
    this.#watchers.add(watcher);
    if (place < this.end) this.#host.wake(this);
    return watcher;
  }

  apply(event: AppliedEvent): void {
    const seen = event.typesSeenBy(this.#prefix, this.#filter);
    if (!seen) return;
    this.#events.push(seen);
    this.#host.wake(this);
  }

  /** Tells watchers what waits for them, ends those that fell behind, and forgets what all have had and `floor` allows. */
  notify(floor: number): void {
    let needed = this.end;
    for (const watcher of [...this.#watchers]) {
      watcher.notify(this.end);
      if (!watcher.ended) needed = Math.min(needed, watcher.place);
    }
    let forget = 0;
    while (this.#base + forget < needed && (this.#events[forget]?.revision ?? Infinity) <= floor) forget++;
    // Not event by event: moving the list costs its length.
    if (forget < 256) return;
    this.#from = this.#events[forget - 1]?.revision ?? this.#from;
    this.#events.splice(0, forget);
    this.#base += forget;
  }

  endWatches(reason: 'slow' | 'closed'): void {
    for (const watcher of [...this.#watchers]) watcher.endWith(reason);
  }

  get end(): number {
    return this.#base + this.#events.length;
  }

  get revision(): number {
    return this.#host.revision;
  }

  /** Events from a place on. */
  since(place: number): readonly WatchEvent[] {
    return this.#events.slice(place - this.#base);
  }

  leave(watcher: ChannelWatch): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) this.#host.drop(this);
  }
}

class ChannelWatch implements Watch {
  onReady: (() => void) | undefined;
  readonly #channel: Channel;
  readonly #after: number;
  readonly #capacity: number;
  #place: number;
  /** The place at which the queue is over capacity. What was there at the start does not count. */
  #limit: number;
  #notified: number;
  #ended: 'slow' | 'closed' | undefined;

  constructor(channel: Channel, after: number, place: number, capacity: number) {
    this.#channel = channel;
    this.#after = after;
    this.#capacity = capacity;
    this.#place = place;
    this.#notified = place;
    this.#limit = channel.end + capacity;
  }

  get ended(): 'slow' | 'closed' | undefined {
    return this.#ended;
  }

  get place(): number {
    return this.#place;
  }

  get revision(): number {
    return Math.max(this.#after, this.#channel.revision);
  }

  drain(): readonly WatchEvent[] {
    // What it fell behind of is not told in part.
    if (this.#ended === 'slow' || this.#place === this.#channel.end) return [];
    const events = this.#channel.since(this.#place);
    this.#place = this.#channel.end;
    this.#limit = this.#place + this.#capacity;
    // Only a watch that starts above the replica's revision meets events that it asked not to see.
    const [first] = events;
    return first && first.revision <= this.#after ? events.filter((event) => event.revision > this.#after) : events;
  }

  notify(end: number): void {
    if (this.#ended || this.#notified === end) return;
    this.#notified = end;
    if (end > this.#limit) this.endWith('slow');
    else if (end > this.#place) this.onReady?.();
  }

  endWith(reason: 'slow' | 'closed'): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#channel.leave(this);
    this.onReady?.();
  }

  close(): void {
    this.onReady = undefined;
    this.endWith('closed');
  }
}
