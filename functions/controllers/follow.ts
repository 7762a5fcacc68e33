// What controllers see of the cluster: a state that the replicas of all types that they watch or read keep up to date. Each change
// reaches a controller as the keys that it concerns.

import type { Definitions } from '../../core/api/definition.ts';
import type { Replica, ReplicaEvent, Replicas } from '../../core/replica/replica.ts';
import type { TypeName } from '../../core/store/store.ts';
import { ClusterState } from './cluster-state.ts';
import type { Controller, Live, Snapshot, SnapshotEvent } from './controller.ts';
import { servedTypes } from './served-types.ts';
import type { WorkQueue } from './work-queue.ts';

export interface FollowOptions {
  readonly replicas: Replicas;
  readonly definitions: Definitions;
  readonly workers: readonly { readonly controller: Controller; readonly queue: Pick<WorkQueue, 'add'> }[];
  readonly log: (message: string, error?: unknown) => void;
}

export interface Followed {
  readonly state: Snapshot<TypeName>;
  /** What was written to the type until now is seen after the next `settle`. */
  touch(type: TypeName): void;
  /** Catches up with the types that were touched before the call, or with all. One at a time, in order. */
  settle(all?: boolean): Promise<void>;
  close(): Promise<void>;
}

export function followCluster({ replicas, definitions, workers, log }: FollowOptions): Followed {
  const state = new ClusterState();
  const subscriptions = new Map<TypeName, { replica: Replica; unsubscribe: () => void }>();
  const dirty = new Set<TypeName>();
  let generation = -1;
  let closed = false;
  let settling: Promise<void> = Promise.resolve();

  function dispatch(type: TypeName, event: SnapshotEvent): void {
    for (const { controller, queue } of workers) {
      for (const rule of controller.watches) {
        if (rule.type !== type && rule.type !== '*') continue;
        try {
          for (const key of rule.keys(event, state, type)) queue.add(key);
        } catch (error) {
          log(`${controller.name}: cannot tell what an event of ${type} concerns`, error);
        }
      }
    }
  }

  function apply(type: TypeName, event: Pick<ReplicaEvent, 'type' | 'entry'>): void {
    // Whatever is stored was validated as an object with metadata.
    const object = event.entry.object as Live<{ kind?: string }>;
    if (event.type === 'DELETED') {
      state.remove(type, event.entry.name);
      dispatch(type, { type: 'DELETED', object });
      return;
    }
    const previous = state.put(type, object);
    dispatch(type, { type: previous ? 'MODIFIED' : 'ADDED', object, ...(previous && { previous }) });
  }

  /** To what is served now: custom resources come and go. */
  async function subscribe(): Promise<void> {
    if (generation === definitions.generation) return;
    const seen = definitions.generation;
    const served = servedTypes(definitions);
    state.setTypes(served);
    const wanted = new Set<TypeName>();
    for (const { controller } of workers) {
      for (const type of typesSeenBy(controller)) {
        if (type === '*') for (const each of served) wanted.add(each.type);
        else wanted.add(type);
      }
    }
    for (const [type, { replica, unsubscribe }] of subscriptions) {
      // One that went and came again has a new replica.
      if (wanted.has(type) && replicas.peek(type) === replica) continue;
      unsubscribe();
      subscriptions.delete(type);
      for (const entry of replica.snapshot()) state.remove(type, entry.name);
    }
    await Promise.all(
      [...wanted].map(async (type) => {
        if (subscriptions.has(type) || !definitions.ofType(type)) return;
        const replica = await replicas.of(type);
        if (subscriptions.has(type) || closed) return;
        // No await from here on: no event is missed and none is seen twice.
        for (const entry of replica.snapshot()) apply(type, { type: 'ADDED', entry });
        subscriptions.set(type, { replica, unsubscribe: replica.onEvent((event) => apply(type, event)) });
      }),
    );
    generation = seen;
  }

  return {
    state,
    touch: (type) => dirty.add(type),
    settle(all = false) {
      const next = settling.then(async () => {
        await subscribe();
        const types = all ? [...subscriptions.keys()] : [...dirty].filter((each) => subscriptions.has(each));
        dirty.clear();
        await Promise.all(types.map((type) => subscriptions.get(type)?.replica.catchUp()));
      });
      settling = next.catch(() => undefined);
      return next;
    },
    async close() {
      closed = true;
      await settling;
      for (const { unsubscribe } of subscriptions.values()) unsubscribe();
      subscriptions.clear();
    },
  };
}

/** The types that a controller watches or reads. */
export function typesSeenBy({ reads = [], watches }: Controller): TypeName[] {
  return [...reads, ...watches.map((rule) => rule.type)];
}
