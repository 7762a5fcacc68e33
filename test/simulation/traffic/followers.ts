// A replica and its watchers, some of which are slow, stop, and come back where they were.

import type { Replica, Replicas, Watch } from '../../../core/replica/replica.ts';
import { StoreError } from '../../../core/store/store.ts';
import { textOf } from '../validation/checker.ts';
import type { Process } from './process.ts';

const watchers = 3;

export function follow(process: Process, replicas: Replicas, type: string): () => Promise<void> {
  const { world } = process;
  const { checker, random } = world;
  const watches: Watcher[] = [];
  return async () => {
    const replica = await replicas.of(type);
    const begun = checker.begin();
    await replica.catchUp();
    checker.listed(begun, type, {}, { revision: replica.revision, items: texts(replica.snapshot()) });
    if (random.chance(0.2)) {
      const revision = random.between(replica.oldest, replica.revision);
      checker.listed(undefined, type, {}, { revision, items: texts(replica.snapshot({ revision })) });
    }
    while (watches.length < watchers) watches.push(new Watcher(process, replica));
    for (const watcher of watches) if (random.chance(0.02)) watcher.restart();
  };
}

class Watcher {
  readonly #process: Process;
  readonly #replica: Replica;
  #watch: Watch | undefined;
  #place = 0;

  constructor(process: Process, replica: Replica) {
    this.#process = process;
    this.#replica = replica;
    this.#begin(replica.revision);
  }

  /** Goes away, and resumes where it was. */
  restart(): void {
    this.#take();
    this.#watch?.close();
    this.#begin(this.#place);
  }

  #begin(after: number): void {
    const { random, clock } = this.#process.world;
    try {
      this.#watch = this.#replica.watch({ after, capacity: 50 });
      this.#place = after;
    } catch (error) {
      if (!(error instanceof StoreError) || error.failure.code !== 'compacted') throw error;
      // 410: it lists anew.
      this.#begin(this.#replica.revision);
      return;
    }
    this.#watch.onReady = () => {
      if (random.chance(0.7)) this.#take();
      else clock.after(random.between(1, 500), () => this.#take());
    };
  }

  #take(): void {
    const watch = this.#watch;
    if (!watch || this.#process.dead) return;
    if (watch.ended) {
      if (watch.ended === 'slow') this.#begin(this.#replica.revision);
      return;
    }
    const seen = watch.drain().map((event) => ({
      kind: event.type === 'DELETED' ? ('delete' as const) : ('put' as const),
      isNew: event.type === 'ADDED',
      name: event.entry.name,
      revision: event.revision,
      text: textOf(event.entry.bytes),
    }));
    const { checker } = this.#process.world;
    checker.checks.watchEvents += seen.length;
    const asNew = seen.map(({ isNew, ...event }) => (event.kind === 'put' ? { ...event, isNew } : event));
    checker.events(this.#replica.type, 'a watch', this.#place, asNew, watch.revision);
    this.#place = watch.revision;
  }
}

function* texts(entries: Iterable<{ readonly name: string; readonly revision: number; readonly bytes: Uint8Array }>) {
  for (const { name, revision, bytes } of entries) yield { name, revision, text: textOf(bytes) };
}
