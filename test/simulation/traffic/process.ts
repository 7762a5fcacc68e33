// One process of the cluster: a store of its own, the loops that use it, and a death at any moment.

import { createReplicas } from '../../../core/replica/replicas.ts';
import type { DynamoStore } from '../../../core/store/dynamodb/dynamodb-store.ts';
import { openDynamoStore } from '../../../core/store/dynamodb/dynamodb-store.ts';
import { StoreError } from '../../../core/store/store.ts';
import type { Sender } from '../faults/network.ts';
import { follow } from './followers.ts';
import { collectExpired, compact } from './keepers.ts';
import { read, readLog } from './readers.ts';
import type { World } from './world.ts';
import { note } from './world.ts';
import { write } from './writers.ts';

/** So short that it is reached many times in a run; far above the longest delay of a request. */
const retentionMs = 40_000;
const longestSkewMs = 3000;
const writers = 5;
const readers = 2;

export class Process implements Sender {
  dead = false;
  readonly world: World;
  readonly store: DynamoStore;
  readonly #onDeath: () => void;
  readonly #stops: (() => void)[] = [];

  constructor(world: World, name: string, onDeath: () => void) {
    this.world = world;
    this.#onDeath = onDeath;
    const { clock, random, network } = world;
    const skew = random.chance(0.5) ? random.between(-longestSkewMs, longestSkewMs) : 0;
    if (skew !== 0) network.counts.skewedClocks++;
    let ids = 0;
    this.store = openDynamoStore({
      calls: world.connect(this),
      table: 'store',
      now: () => clock.now + skew,
      sleep: (ms) => this.sleep(ms),
      random: random.next,
      newId: () => `${name}.${ids++}`,
      budgetMs: 8000,
      retentionMs,
      gapWaitMs: 150,
      settleEvery: 20,
    });
    this.#stops.push(this.store.onCommit((type, head) => world.wakeUps.send(type, head)));
  }

  start(): void {
    const { world } = this;
    for (let i = 0; i < writers; i++) void this.#loop(2, 25, () => write(this));
    for (let i = 0; i < readers; i++) void this.#loop(2, 60, () => read(this));
    void this.#loop(10, 100, readLog(this));
    void this.#loop(1000, 5000, () => compact(this));
    void this.#loop(500, 3000, () => collectExpired(this));
    const replicas = createReplicas(this.store, {
      windowEvents: 300,
      compactedEveryMs: 1000,
      now: () => world.clock.now,
    });
    this.#stops.push(() => replicas.close());
    for (const { type } of world.types) {
      const follower = follow(this, replicas, type);
      this.#stops.push(world.wakeUps.listen((changed) => changed === type && void this.#once(follower)));
      void this.#loop(50, 1000, follower);
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) =>
      this.world.clock.after(ms, () => {
        if (!this.dead) resolve();
      }),
    );
  }

  crash(): void {
    if (this.dead) return;
    this.dead = true;
    for (const stop of this.#stops) stop();
    this.#onDeath();
  }

  async #loop(low: number, high: number, work: () => Promise<void>): Promise<void> {
    const { world } = this;
    for (;;) {
      await this.sleep(world.random.between(low, high));
      if (world.stopping) return;
      await this.#once(work);
    }
  }

  /** Failures of the store are what the work is for; anything else is a fault of the engine. */
  async #once(work: () => Promise<void>): Promise<void> {
    if (this.dead || this.world.stopping) return;
    try {
      await work();
    } catch (error) {
      if (error instanceof StoreError) note(this.world, error.failure.code);
      else this.world.checker.violation(`an operation threw ${error instanceof Error ? error.stack : error}`);
    }
  }
}
