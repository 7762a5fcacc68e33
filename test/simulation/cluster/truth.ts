// The store's true state in a simulated cluster: one dense log a type, conditions and all-or-nothing commits, as the contract says.
// The engines have simulations and suites of their own; here the store is right, and slow, refusing or silent only on the way to it.

import { compareNames } from '../../../core/store/name-order.ts';
import { stamp } from '../../../core/store/stamp.ts';
import {
  type Committed,
  type Item,
  type ListOptions,
  type ListPage,
  type LogEntry,
  type LogPage,
  StoreError,
  type TypeName,
  type Write,
} from '../../../core/store/store.ts';

interface Kept extends Item {
  readonly expiresAt?: number;
}

interface Table {
  readonly items: Map<string, Kept>;
  readonly log: LogEntry[];
}

export interface Change {
  readonly type: TypeName;
  readonly entry: LogEntry;
  /** The value before, where there was one. */
  readonly before: Uint8Array | undefined;
}

export class Truth {
  readonly heartbeats = new Map<string, number>();
  /** Told of each change as it happens. */
  onChange: ((change: Change) => void) | undefined;
  readonly #tables = new Map<TypeName, Table>();

  head(type: TypeName): number {
    return this.#table(type).log.length;
  }

  types(): TypeName[] {
    return [...this.#tables].filter(([, { log }]) => log.length > 0).map(([type]) => type);
  }

  get(type: TypeName, name: string): Item | undefined {
    return this.#table(type).items.get(name);
  }

  list(type: TypeName, { prefix = '', after = '', limit = Number.POSITIVE_INFINITY, revision }: ListOptions): ListPage {
    const { items, log } = this.#table(type);
    const past = revision === undefined || revision === log.length ? items : stateAt(log, revision);
    const found = [...past.values()].filter(({ name }) => name.startsWith(prefix) && compareNames(name, after) > 0);
    found.sort((a, b) => compareNames(a.name, b.name));
    return { items: found.slice(0, limit), revision: revision ?? log.length, more: found.length > limit };
  }

  log(type: TypeName, after: number, limit = 1000): LogPage {
    const { log } = this.#table(type);
    const entries = log.slice(after, after + limit);
    return { entries, through: Math.max(after, entries.at(-1)?.revision ?? after), head: log.length };
  }

  commit(writes: readonly Write[]): Committed[] {
    for (const { op, type, name, expect } of writes) {
      const current = this.get(type, name);
      if (expect === 'any' || expect === (current?.revision ?? 0)) continue;
      const data = { type, name, ...(current && { current }) };
      throw new StoreError({ code: 'conflict', data }, `${op} ${type} ${name}: another revision`);
    }
    return writes.map((write) => this.#apply(write));
  }

  /** Deletes what has expired at this Unix time in seconds. */
  expire(nowSeconds: number): void {
    for (const [type, { items }] of this.#tables)
      for (const { name, expiresAt } of [...items.values()])
        if (expiresAt !== undefined && expiresAt <= nowSeconds)
          this.#apply({ op: 'delete', type, name, expect: 'any' });
  }

  #apply(write: Write): Committed {
    const { items, log } = this.#table(write.type);
    const current = items.get(write.name);
    if (write.op === 'check' || (write.op === 'delete' && !current)) return { revision: 0 };
    const revision = log.length + 1;
    const value = write.value ? stamp(write.value, revision) : (current?.value ?? new Uint8Array());
    const entry = { op: write.op, name: write.name, revision, previousRevision: current?.revision ?? 0, value };
    log.push(entry);
    if (write.op === 'delete') items.delete(write.name);
    else {
      const expires = write.expiresAt === undefined ? {} : { expiresAt: write.expiresAt };
      items.set(write.name, { name: write.name, value, revision, ...expires });
    }
    this.onChange?.({ type: write.type, entry, before: current?.value });
    return { revision, value };
  }

  #table(type: TypeName): Table {
    let table = this.#tables.get(type);
    if (!table) {
      table = { items: new Map(), log: [] };
      this.#tables.set(type, table);
    }
    return table;
  }
}

function stateAt(log: readonly LogEntry[], revision: number): Map<string, Item> {
  const items = new Map<string, Item>();
  for (const { op, name, value, revision: at } of log.slice(0, revision))
    if (op === 'delete') items.delete(name);
    else items.set(name, { name, value, revision: at });
  return items;
}
