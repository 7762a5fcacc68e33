// Seats: how many requests of each priority level run at once, who waits for one, and who is next. Knows no Kubernetes object and no HTTP.
//
// Levels share a fixed number of seats. A level always gets those that it does not lend; beyond them it takes what is free while the
// others keep room for what they do not lend. Who lent gets its own back first, as soon as any seat is free.
// Within a level, waiting flows are in queues by shuffle sharding. The queue that was served least goes next; one that had nothing
// waiting starts where the least served is, so that nobody saves up. A request that needs many seats is not overtaken.

import { dealHand } from './shuffle-shard.ts';

export interface LevelConfig {
  readonly name: string;
  /** Seats of its own. */
  readonly nominal: number;
  /** How many of them others may use, at most `nominal`. */
  readonly lendable: number;
  /** How many more it may use of others. */
  readonly borrowable: number;
  /** undefined: what does not fit is refused. */
  readonly queuing: Queuing | undefined;
}

export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

/** Why a request gets no seat, as `apiserver_flowcontrol_rejected_requests_total` names it. */
export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

export interface Waiter {
  readonly seats: number;
  /** Called once, in a later call of `release` or `configure`, with a seat taken. */
  readonly granted: () => void;
}

interface Queued extends Waiter {
  readonly flow: string;
  queue: Queue;
}

interface Queue {
  readonly waiting: Queued[];
  /** Seats given to it so far, on the level's scale. */
  served: number;
}

interface Level {
  config: LevelConfig;
  queues: Queue[];
  inUse: number;
  waiting: number;
  /** Where a queue that comes anew starts: what the queue that was served last had been given before. */
  progress: number;
  /** Configured no more: it goes with its last request. */
  ended: boolean;
}

/** A place in a queue. */
export interface Place {
  /** How many wait in the queue, this one among them. */
  readonly queueLength: number;
  /** Ends the wait. Says whether it still waited. */
  leave(): boolean;
}

export interface LevelState {
  readonly name: string;
  readonly config: LevelConfig;
  readonly inUse: number;
  readonly waiting: number;
}

export interface Seats {
  /** Replaces all levels. What runs and waits in one of the same name stays; one that is gone ends with its last request. */
  configure(levels: readonly LevelConfig[]): void;
  /** Takes seats at once, where they are free and nobody of the level waits. */
  take(level: string, seats: number): boolean;
  /** After `take` said no. Or why there is no waiting. */
  wait(level: string, flow: string, waiter: Waiter): Refusal | Place;
  /** What was taken or granted. */
  release(level: string, seats: number): void;
  /** As many seats as a request of the level may ask for at most. */
  widest(level: string): number;
  readonly levels: Iterable<LevelState>;
  readonly total: number;
}

export function createSeats(): Seats {
  const levels = new Map<string, Level>();
  const waiting = new Set<Level>();
  let total = 0;
  let inUse = 0;
  /** What levels do not lend and do not use: kept free for them. */
  let reserved = 0;

  const reserveOf = ({ config, inUse: used }: Level) => Math.max(0, config.nominal - config.lendable - used);
  const change = (level: Level, seats: number) => {
    reserved -= reserveOf(level);
    level.inUse += seats;
    inUse += seats;
    reserved += reserveOf(level);
  };
  const fits = (level: Level, seats: number): boolean => {
    const { nominal, lendable, borrowable } = level.config;
    const after = level.inUse + seats;
    if (inUse + seats > total || after > nominal + borrowable) return false;
    if (after <= nominal - lendable) return true;
    if (inUse + seats + reserved - reserveOf(level) > total) return false;
    return after <= nominal || !ownIsWaitedFor();
  };
  /** Whether a level waits for seats of its own: then nobody borrows, or a request that needs many would wait for ever. */
  const ownIsWaitedFor = (): boolean => {
    for (const level of waiting) {
      const first = next(level)?.waiting[0];
      if (first && level.inUse + first.seats <= level.config.nominal) return true;
    }
    return false;
  };
  const next = (level: Level): Queue | undefined => {
    let least: Queue | undefined;
    for (const each of level.queues)
      if (each.waiting.length > 0 && (!least || each.served < least.served)) least = each;
    return least;
  };
  const granted: Queued[] = [];
  const serve = (level: Level): boolean => {
    const queue = next(level);
    const first = queue?.waiting[0];
    if (!queue || !first || !fits(level, first.seats)) return false;
    queue.waiting.shift();
    level.progress = queue.served;
    queue.served += first.seats;
    level.waiting -= 1;
    if (level.waiting === 0) waiting.delete(level);
    change(level, first.seats);
    granted.push(first);
    return true;
  };
  const serveOne = (own: boolean): boolean => {
    for (const level of waiting) {
      if (level.inUse < level.config.nominal !== own || !serve(level)) continue;
      // The others before it the next time.
      if (waiting.delete(level)) waiting.add(level);
      return true;
    }
    return false;
  };
  /** Gives out what is free: first to levels that have less than their own. */
  const dispatch = () => {
    if (waiting.size === 0) return;
    while (serveOne(true) || serveOne(false));
    // Once the books are right: who is granted may release at once.
    for (const each of granted.splice(0)) each.granted();
  };
  const queueFor = (level: Level, queuing: Queuing, flow: string): Queue => {
    let shortest: Queue | undefined;
    for (const index of dealHand(flow, queuing.queues, queuing.handSize)) {
      const each = level.queues[index];
      if (each && (!shortest || each.waiting.length < shortest.waiting.length)) shortest = each;
    }
    if (!shortest) throw new Error('a level that queues has queues');
    return shortest;
  };
  const enter = (level: Level, queue: Queue, each: Queued) => {
    if (queue.waiting.length === 0) queue.served = Math.max(queue.served, level.progress);
    each.queue = queue;
    queue.waiting.push(each);
  };
  const levelOf = (name: string): Level => {
    const level = levels.get(name);
    if (!level) throw new Error(`no priority level ${name}`);
    return level;
  };
  const count = () => {
    total = 0;
    reserved = 0;
    for (const level of levels.values()) {
      total += level.config.nominal;
      reserved += reserveOf(level);
    }
  };
  const forgetEnded = (name: string, level: Level) => {
    if (!level.ended || level.inUse > 0 || level.waiting > 0) return;
    levels.delete(name);
    count();
  };

  return {
    configure(configs) {
      const gone = new Set(levels.keys());
      for (const config of configs) {
        gone.delete(config.name);
        const level = levels.get(config.name) ?? {
          config,
          queues: [],
          inUse: 0,
          waiting: 0,
          progress: 0,
          ended: false,
        };
        level.ended = false;
        reconfigure(level, config, enter, queueFor);
        levels.set(config.name, level);
      }
      for (const name of gone) {
        const level = levelOf(name);
        level.ended = true;
        // Who waits still gets its turn.
        const widest = Math.max(0, ...level.queues.flatMap(({ waiting: all }) => all.map((each) => each.seats)));
        level.config = { ...level.config, nominal: widest, lendable: 0 };
        forgetEnded(name, level);
      }
      count();
      dispatch();
    },
    take(name, seats) {
      const level = levelOf(name);
      if (level.waiting > 0 || !fits(level, seats)) return false;
      change(level, seats);
      return true;
    },
    wait(name, flow, waiter) {
      const level = levelOf(name);
      const { queuing } = level.config;
      if (!queuing) return 'concurrency-limit';
      const queue = queueFor(level, queuing, flow);
      if (queue.waiting.length >= queuing.queueLengthLimit) return 'queue-full';
      const queued: Queued = { ...waiter, flow, queue };
      enter(level, queue, queued);
      level.waiting += 1;
      waiting.add(level);
      const leave = () => {
        const at = queued.queue.waiting.indexOf(queued);
        if (at < 0) return false;
        queued.queue.waiting.splice(at, 1);
        level.waiting -= 1;
        if (level.waiting === 0) waiting.delete(level);
        forgetEnded(name, level);
        // It may have kept others waiting for more seats than they need.
        dispatch();
        return true;
      };
      return { queueLength: queue.waiting.length, leave };
    },
    release(name, seats) {
      const level = levelOf(name);
      change(level, -seats);
      forgetEnded(name, level);
      dispatch();
    },
    widest: (name) => Math.max(1, levelOf(name).config.nominal),
    get levels() {
      return [...levels].map(([name, { config, inUse: used, waiting: waits }]) => ({
        name,
        config,
        inUse: used,
        waiting: waits,
      }));
    },
    get total() {
      return total;
    },
  };
}

/** Other queues: who waits is dealt into them again, in the order of their queues. */
function reconfigure(
  level: Level,
  config: LevelConfig,
  enter: (level: Level, queue: Queue, each: Queued) => void,
  queueFor: (level: Level, queuing: Queuing, flow: string) => Queue,
): void {
  const before = level.config;
  level.config = config;
  const count = config.queuing?.queues ?? 0;
  if (level.queues.length === count && before.queuing?.handSize === config.queuing?.handSize) return;
  const waiting = level.queues.flatMap((each) => each.waiting);
  // A level that queues no more lets those who wait already wait on, in one queue.
  const queuing = config.queuing ?? { queues: waiting.length > 0 ? 1 : 0, handSize: 1, queueLengthLimit: 0 };
  level.queues = Array.from({ length: queuing.queues }, () => ({ waiting: [], served: level.progress }));
  for (const each of waiting) enter(level, queueFor(level, queuing, each.flow), each);
}
