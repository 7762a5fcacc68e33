// The cluster as the store has it, parsed, with how long ago what was in force: what invariants are checked against.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { ownType } from '../../../core/store/own-types.ts';
import type { TypeName } from '../../../core/store/store.ts';
import type { ObjectOf } from '../../../functions/controllers/controller.ts';
import type { Change } from './truth.ts';

/** A change, its object and the one before parsed. */
export interface Step {
  readonly type: TypeName;
  readonly now: number;
  readonly created: boolean;
  readonly deleted: boolean;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

/** A write may rest on a state that was in force this long ago, in milliseconds: late hints, slow answers, pauses after failures. */
const staleMs = 180_000;

export class Ledger {
  readonly #current = new Map<TypeName, Map<string, KubeObject>>();
  readonly #specs = new Map<string, { readonly at: number; readonly object: KubeObject }[]>();
  readonly #disrupted = new Map<string, number>();

  /** Takes a change in. Types that are of no interest give nothing. */
  take({ type, entry, before: bytesBefore }: Change, now: number): Step | undefined {
    if (type === 'events' || claims.has(type)) return undefined;
    const object = parse(entry.value);
    const before = bytesBefore && parse(bytesBefore);
    const deleted = entry.op === 'delete';
    let table = this.#current.get(type);
    if (!table) {
      table = new Map();
      this.#current.set(type, table);
    }
    if (deleted) table.delete(entry.name);
    else table.set(entry.name, object);
    const uid = object.metadata?.uid ?? '';
    if (JSON.stringify(before?.['spec']) !== JSON.stringify(object['spec'])) {
      const history = this.#specs.get(uid) ?? [];
      history.push({ at: now, object });
      this.#specs.set(uid, history);
    }
    return { type, now, created: !before, deleted, object, before };
  }

  list<T extends TypeName>(type: T): ObjectOf<T>[] {
    // as: what is stored under a type has the type's fields.
    return [...(this.#current.get(type)?.values() ?? [])] as ObjectOf<T>[];
  }

  get<T extends TypeName>(type: T, namespace: string, name: string): ObjectOf<T> | undefined {
    // as: as above.
    return this.#current.get(type)?.get(namespace ? `${namespace}/${name}` : name) as ObjectOf<T> | undefined;
  }

  /** The object as its spec was at any time of the last `withinMs`. */
  recent<T extends TypeName>(_type: T, uid: string, now: number, withinMs = staleMs): ObjectOf<T>[] {
    const history = this.#specs.get(uid) ?? [];
    const first = history.findLastIndex(({ at }) => at <= now - withinMs);
    // as: as above.
    return history.slice(Math.max(0, first)).map(({ object }) => object as unknown as ObjectOf<T>);
  }

  podsOf(owner: string): ObjectOf<'pods'>[] {
    return this.list('pods').filter((pod) => controllerOf(pod)?.uid === owner);
  }

  /** Something outside of the controllers took a pod of this owner away, or its readiness. */
  disrupt(owner: string, now: number): void {
    this.#disrupted.set(owner, now);
  }

  wasDisrupted(owner: string, now: number): boolean {
    return now - (this.#disrupted.get(owner) ?? Number.NEGATIVE_INFINITY) < staleMs;
  }
}

export function controllerOf(object: { metadata?: KubeObject['metadata'] }) {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller);
}

export function isLive(pod: ObjectOf<'pods'>): boolean {
  return !pod.metadata.deletionTimestamp && !isDone(pod);
}

export function isDone(pod: ObjectOf<'pods'>): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isAvailable(pod: ObjectOf<'pods'>): boolean {
  return isLive(pod) && pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

/** What no user sees: how processes keep out of each other's way. */
const claims = new Set([ownType('ownerclaims'), ownType('nodeclaims')]);

const decoder = new TextDecoder();

function parse(bytes: Uint8Array): KubeObject {
  // as: the registry stores objects.
  return JSON.parse(decoder.decode(bytes)) as KubeObject;
}
