// Pods that wait for a node: those that are due, those that pause after a failure, and those that nothing but a change in the
// cluster can help. A change wakes only whom it may help (KEP-4247).

import type { PodInfo } from './pod-info.ts';
import { attemptFailed, backoffComplete, type OnEntered, podEvents, unschedulableTimeout } from './queue-events.ts';
import type { Reason } from './reason.ts';
import { queueOrder } from './schedule.ts';

export interface Waiting {
  readonly pod: PodInfo;
  /** Failed attempts so far. */
  readonly attempts: number;
  /** Unix milliseconds: not before. */
  readonly notBefore: number;
  /** Unix milliseconds: when it came to wait. */
  readonly since: number;
}

interface Asleep {
  readonly waiting: Waiting;
  readonly blockedBy: ReadonlySet<Reason['kind']>;
  readonly since: number;
}

const firstPauseMs = 1_000;
const longestPauseMs = 10_000;
/** Who sleeps is looked at again after this, whatever happened. */
const longestSleepMs = 5 * 60_000;

export class SchedulingQueue {
  readonly #due = new Map<string, Waiting>();
  readonly #pausing = new Map<string, Waiting>();
  readonly #asleep = new Map<string, Asleep>();
  /** Keys of the waiting pods of each pod group. */
  readonly #groups = new Map<string, Set<string>>();
  /** What is due, in order, up to `#next`; `#fresh` is to be merged. Entries that are not in `#due` any more are skipped. */
  #sorted: Waiting[] = [];
  #next = 0;
  #fresh: Waiting[] = [];
  readonly #entered: OnEntered;

  constructor(entered: OnEntered = () => {}) {
    this.#entered = entered;
  }

  /** A new pod, or one that changed: `event` says which. */
  add(pod: PodInfo, now = 0, event = podEvents.ADDED): void {
    const since = this.#waiting(pod.key)?.since ?? now;
    this.remove(pod.key);
    this.#ready({ pod, attempts: 0, notBefore: 0, since }, event);
  }

  /** Tries again after a pause that grows with each failure. */
  retry(waiting: Waiting, now: number, pauseMs = pauseAfter(waiting.attempts + 1)): void {
    this.remove(waiting.pod.key);
    const next = { ...waiting, attempts: waiting.attempts + 1, notBefore: now + pauseMs };
    this.#pausing.set(next.pod.key, next);
    this.#entered('backoff', attemptFailed);
    this.#join(next.pod);
  }

  /** Nothing fits: tries again once something of these kinds changed. */
  sleep(waiting: Waiting, blockedBy: ReadonlySet<Reason['kind']>, now: number): void {
    this.remove(waiting.pod.key);
    const attempts = waiting.attempts + 1;
    const next = { ...waiting, attempts, notBefore: now + pauseAfter(attempts) };
    this.#asleep.set(next.pod.key, { waiting: next, blockedBy, since: now });
    this.#entered('unschedulable', attemptFailed);
    this.#join(next.pod);
  }

  remove(key: string): void {
    const group = this.get(key)?.group;
    if (group !== undefined) this.#groups.get(group)?.delete(key);
    if (group !== undefined && this.#groups.get(group)?.size === 0) this.#groups.delete(group);
    this.#due.delete(key);
    this.#pausing.delete(key);
    this.#asleep.delete(key);
  }

  get(key: string): PodInfo | undefined {
    return this.#waiting(key)?.pod;
  }

  #waiting(key: string): Waiting | undefined {
    return this.#due.get(key) ?? this.#pausing.get(key) ?? this.#asleep.get(key)?.waiting;
  }

  /** All waiting pods of a group, due or not: they are decided on together. */
  membersOf(group: string): Waiting[] {
    return [...(this.#groups.get(group) ?? [])].flatMap((key) => this.#waiting(key) ?? []);
  }

  /** Wakes who sleeps and is helped by some event; it still waits for the end of its pause. */
  wake(helpedBy: (pod: PodInfo, blockedBy: ReadonlySet<Reason['kind']>) => string | undefined, now: number): void {
    for (const [key, { waiting, blockedBy }] of this.#asleep) {
      const event = helpedBy(waiting.pod, blockedBy);
      if (event === undefined) continue;
      this.#asleep.delete(key);
      if (waiting.notBefore <= now) this.#ready(waiting, event);
      else {
        this.#pausing.set(key, waiting);
        this.#entered('backoff', event);
      }
    }
  }

  get sleeping(): number {
    return this.#asleep.size;
  }

  /** Pods that are due, and pods that pause. */
  get due(): number {
    return this.#due.size;
  }

  get pausing(): number {
    return this.#pausing.size;
  }

  /** The most important pods that are due, at most `limit`. They stay in the queue until they are moved or removed. */
  take(limit: number, now: number): Waiting[] {
    this.#endPauses(now);
    this.#merge();
    const taken: Waiting[] = [];
    while (taken.length < limit && this.#next < this.#sorted.length) {
      const each = this.#sorted[this.#next++];
      if (each && this.#due.get(each.pod.key) === each) taken.push(each);
    }
    if (this.#next >= this.#sorted.length) {
      this.#sorted = [];
      this.#next = 0;
    }
    return taken;
  }

  /** Unix milliseconds at which `take` has something again; undefined: not before something changes. */
  nextDue(): number | undefined {
    if (this.#due.size > 0) return 0;
    let soonest = Number.POSITIVE_INFINITY;
    for (const { notBefore } of this.#pausing.values()) soonest = Math.min(soonest, notBefore);
    // In the order in which they fell asleep.
    for (const { since } of this.#asleep.values()) {
      soonest = Math.min(soonest, since + longestSleepMs);
      break;
    }
    return soonest === Number.POSITIVE_INFINITY ? undefined : soonest;
  }

  #endPauses(now: number): void {
    for (const [key, { waiting, since }] of this.#asleep) {
      if (since + longestSleepMs > now) break;
      this.#asleep.delete(key);
      this.#ready(waiting, unschedulableTimeout);
    }
    for (const waiting of [...this.#pausing.values()]) {
      if (waiting.notBefore > now) continue;
      this.#pausing.delete(waiting.pod.key);
      this.#ready(waiting, backoffComplete);
    }
  }

  #ready(waiting: Waiting, event: string): void {
    this.#due.set(waiting.pod.key, waiting);
    this.#entered('active', event);
    this.#join(waiting.pod);
    this.#fresh.push(waiting);
  }

  #join({ key, group }: PodInfo): void {
    if (group === undefined) return;
    const members = this.#groups.get(group);
    if (members) members.add(key);
    else this.#groups.set(group, new Set([key]));
  }

  #merge(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh.sort(inOrder);
    this.#fresh = [];
    const merged: Waiting[] = [];
    let at = 0;
    for (let i = this.#next; i < this.#sorted.length; i++) {
      const old = this.#sorted[i];
      if (!old) continue;
      for (let next = fresh[at]; next && inOrder(next, old) < 0; next = fresh[at]) {
        merged.push(next);
        at += 1;
      }
      merged.push(old);
    }
    for (; at < fresh.length; at++) {
      const next = fresh[at];
      if (next) merged.push(next);
    }
    this.#sorted = merged;
    this.#next = 0;
  }
}

function inOrder(left: Waiting, right: Waiting): number {
  return queueOrder(left.pod, right.pod);
}

function pauseAfter(attempts: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
}
