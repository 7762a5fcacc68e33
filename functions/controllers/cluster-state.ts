// An indexed view of the cluster in memory: fed by replica events in the loop, by plain arrays in tests.

import { labelSelectorOf, matchesLabels } from '../../core/machinery/labels.ts';
import type { TypeName } from '../../core/store/store.ts';
import { keyOf, type LabelSelector, type Live, type ObjectOf, type ServedType, type Snapshot } from './controller.ts';

type Stored = Live<object>;

interface Table {
  readonly byKey: Map<string, Stored>;
  readonly byNamespace: Map<string, Map<string, Stored>>;
  readonly byOwner: Map<string, Map<string, Stored>>;
}

/** How many names of deleted pods are remembered. */
const rememberedDeletions = 4096;

export class ClusterState implements Snapshot<TypeName> {
  readonly #tables = new Map<TypeName, Table>();
  readonly #byNode = new Map<string, Map<string, ObjectOf<'pods'>>>();
  readonly #deleted = new Set<string>();
  #types: readonly ServedType[];

  constructor(types: readonly ServedType[] = []) {
    this.#types = types;
  }

  get types(): readonly ServedType[] {
    return this.#types;
  }

  setTypes(types: readonly ServedType[]): void {
    this.#types = types;
  }

  get<T extends TypeName>(type: T, namespace: string, name: string): ObjectOf<T> | undefined {
    const key = namespace ? `${namespace}/${name}` : name;
    // What is in a type's table has the type's fields: `put` is only called with them.
    return this.#tables.get(type)?.byKey.get(key) as ObjectOf<T> | undefined;
  }

  list<T extends TypeName>(type: T, namespace?: string, selector?: LabelSelector): ObjectOf<T>[] {
    const table = this.#tables.get(type);
    const found = namespace === undefined ? table?.byKey : table?.byNamespace.get(namespace);
    if (!found) return [];
    // As in `get`.
    const objects = [...found.values()] as ObjectOf<T>[];
    if (!selector) return objects;
    const compiled = labelSelectorOf(selector);
    return objects.filter((each) => matchesLabels(compiled, each.metadata.labels));
  }

  ownedBy<T extends TypeName>(type: T, uid: string): ObjectOf<T>[] {
    // As in `get`.
    return [...(this.#tables.get(type)?.byOwner.get(uid)?.values() ?? [])] as ObjectOf<T>[];
  }

  podsOnNode(node: string): ObjectOf<'pods'>[] {
    return [...(this.#byNode.get(node)?.values() ?? [])];
  }

  recentlyDeleted(namespace: string, name: string): boolean {
    return this.#deleted.has(`${namespace}/${name}`);
  }

  /** Adds or replaces an object. Returns what was there. */
  put(type: TypeName, object: Stored): Stored | undefined {
    let table = this.#tables.get(type);
    if (!table) {
      table = { byKey: new Map(), byNamespace: new Map(), byOwner: new Map() };
      this.#tables.set(type, table);
    }
    const key = keyOf(object);
    const before = table.byKey.get(key);
    table.byKey.set(key, object);
    into(table.byNamespace, object.metadata.namespace ?? '', key, object);
    const owners = new Set(object.metadata.ownerReferences?.map((each) => each.uid));
    for (const each of before?.metadata.ownerReferences ?? []) {
      if (!owners.has(each.uid)) outOf(table.byOwner, each.uid, key);
    }
    for (const uid of owners) into(table.byOwner, uid, key, object);
    if (type === 'pods') {
      const pod = object as ObjectOf<'pods'>;
      const node = pod.spec?.nodeName;
      const nodeBefore = (before as ObjectOf<'pods'> | undefined)?.spec?.nodeName;
      if (nodeBefore && nodeBefore !== node) outOf(this.#byNode, nodeBefore, key);
      if (node) into(this.#byNode, node, key, pod);
      this.#deleted.delete(key);
    }
    return before;
  }

  remove(type: TypeName, key: string): void {
    const table = this.#tables.get(type);
    const before = table?.byKey.get(key);
    if (!table || !before) return;
    table.byKey.delete(key);
    if (table.byKey.size === 0) this.#tables.delete(type);
    outOf(table.byNamespace, before.metadata.namespace ?? '', key);
    for (const each of before.metadata.ownerReferences ?? []) outOf(table.byOwner, each.uid, key);
    if (type === 'pods') {
      const node = (before as ObjectOf<'pods'>).spec?.nodeName;
      if (node) outOf(this.#byNode, node, key);
      this.#deleted.add(key);
      if (this.#deleted.size > rememberedDeletions) {
        for (const oldest of this.#deleted) {
          this.#deleted.delete(oldest);
          break;
        }
      }
    }
  }
}

function into<V>(index: Map<string, Map<string, V>>, at: string, key: string, value: V): void {
  let found = index.get(at);
  if (!found) {
    found = new Map();
    index.set(at, found);
  }
  found.set(key, value);
}

function outOf<V>(index: Map<string, Map<string, V>>, at: string, key: string): void {
  const found = index.get(at);
  found?.delete(key);
  if (found?.size === 0) index.delete(at);
}
