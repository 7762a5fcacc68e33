// The replicas of one process: one per type, made when first asked for.

import type { Store, TypeName } from '../store/store.ts';
import type { Replica, Replicas } from './replica.ts';
import type { ReplicaOptions } from './store-replica.ts';
import { StoreReplica } from './store-replica.ts';
import type { Stored } from './stored-type.ts';

export interface LocalReplicas extends Replicas {
  /** Keeps the bytes of all objects and gives up what was parsed of them: for an idle process. */
  forgetObjects(): void;
}

/** Replicas over `store`, kept near its head by its notices of commits. The store stays the caller's to close. */
export function createReplicas(store: Store, options: ReplicaOptions = {}): LocalReplicas {
  const ready = new Map<TypeName, StoreReplica>();
  const opening = new Map<TypeName, Promise<StoreReplica>>();
  /** Those that can take notices: the ready ones, and those that catch up for the first time. */
  const loaded = new Map<TypeName, StoreReplica>();
  const stop = store.onCommit((type, head, entries) => loaded.get(type)?.noteCommit(head, entries));
  let closed = false;

  async function open(type: TypeName): Promise<StoreReplica> {
    const replica = new StoreReplica(store, type, options);
    try {
      await replica.load();
      loaded.set(type, replica);
      await replica.catchUp();
      if (closed) replica.close();
      // Otherwise it was given up meanwhile: who waits for it reads from it once.
      else if (loaded.get(type) === replica) ready.set(type, replica);
      return replica;
    } catch (error) {
      if (loaded.get(type) === replica) loaded.delete(type);
      throw error;
    } finally {
      opening.delete(type);
    }
  }

  return {
    // as, twice: what is stored under a type is of that type.
    of<T extends TypeName>(type: T) {
      const known = ready.get(type);
      let promise = known ? Promise.resolve(known) : opening.get(type);
      if (!promise) {
        promise = open(type);
        opening.set(type, promise);
      }
      return promise as Promise<Replica<Stored<T>>>;
    },
    peek: <T extends TypeName>(type: T) => ready.get(type) as Replica<Stored<T>> | undefined,
    keepOnly(isKept) {
      for (const [type, replica] of loaded) {
        if (isKept(type)) continue;
        loaded.delete(type);
        ready.delete(type);
        replica.retire();
      }
    },
    forgetObjects() {
      for (const replica of loaded.values()) replica.forgetObjects();
    },
    close() {
      closed = true;
      stop();
      for (const replica of loaded.values()) replica.close();
      loaded.clear();
      ready.clear();
    },
  };
}

/** Replicas of a program that watches nothing from the past. */
export function replicasOfNow(store: Store): LocalReplicas {
  return createReplicas(store, { windowEvents: 16 });
}
