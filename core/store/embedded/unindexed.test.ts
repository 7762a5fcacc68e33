import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListPage } from '../store.ts';
import { restoreEmbeddedStore } from './backup.ts';
import { type EmbeddedStore, openEmbeddedStore } from './embedded-store.ts';

const names = ['a/1', 'a/2', 'a/3', 'b/1', 'b/2'];
const name = fc.constantFrom(...names);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), name, seconds: fc.option(fc.constant(10)) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('conflict' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('many' as const, 'expire' as const, 'hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('compact' as const, 'compactAll' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('reopen' as const, 'kill' as const, 'restore' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the keys are after each revision, and the newest revision of each key, its deletes as well. */
interface Model {
  readonly now: Map<string, { readonly revision: number; readonly expiresAt?: number }>;
  readonly states: Map<number, Map<string, number>>;
  readonly last: Map<string, number>;
  compacted: number;
}

describe('an index that lies behind the log', () => {
  it('shows no reader that it does, also after a kill, a restore and a new start', async () => {
    const oneRun = async (steps: readonly Step[]) => {
      const folder = mkdtempSync(join(tmpdir(), 'zeroplane-unindexed-'));
      const run = new Run(folder);
      try {
        for (const each of steps) await run.take(each);
      } finally {
        await run.store.close();
        rmSync(folder, { recursive: true });
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), oneRun), { numRuns: 20 });
  }, 120_000);
});

class Run {
  store: EmbeddedStore;
  readonly #folder: string;
  #file = 0;
  #seconds = 1000;
  #head = 0;
  /** Some client lists this revision again and again. */
  #held = 0;
  readonly #model: Model = { now: new Map(), states: new Map([[0, new Map()]]), last: new Map(), compacted: 0 };

  constructor(folder: string) {
    this.#folder = folder;
    this.store = this.#open();
  }

  async take(each: Step): Promise<void> {
    if (each.do === 'put') await this.#put(each.name, each.seconds ?? undefined);
    if (each.do === 'delete') await this.#delete(each.name);
    if (each.do === 'many') for (let i = 0; i < 130; i++) for (const name of names.slice(1)) await this.#put(name);
    if (each.do === 'compact') await this.#compact(Math.floor((this.#model.compacted + this.#head) / 2));
    if (each.do === 'compactAll') await this.#compact(this.#head);
    if (each.do === 'hold') this.#held = this.#head;
    if (each.do === 'expire') await this.#expire();
    if (each.do === 'reopen') {
      await this.store.close();
      this.store = this.#open();
    }
    if (each.do === 'kill') await this.#kill();
    if (each.do === 'restore') await this.#restore();
    if (each.do === 'conflict') {
      const write = { op: 'put', type: 't', name: each.name, expect: 1_000_000_000, value: bytesFor(0) } as const;
      const outcomes = await this.store.commitEach([write, { op: 'delete', type: 't', name: 'none', expect: 'any' }]);
      expect(outcomes[1]).toEqual({ revision: 0 });
    }
    await this.#compare();
  }

  async #put(name: string, seconds?: number): Promise<void> {
    const expiresAt = seconds === undefined ? undefined : this.#seconds + seconds;
    const revision = this.#head + 1;
    const value = bytesFor(revision);
    const write = { op: 'put', type: 't', name, expect: 'any', value, ...(expiresAt && { expiresAt }) } as const;
    await this.store.commit([write]);
    this.#wrote(name, { revision, ...(expiresAt && { expiresAt }) });
  }

  async #delete(name: string): Promise<void> {
    await this.store.commit([{ op: 'delete', type: 't', name, expect: 'any' }]);
    if (this.#model.now.has(name)) this.#wrote(name, undefined);
  }

  #wrote(name: string, item: { readonly revision: number; readonly expiresAt?: number } | undefined): void {
    const { now, states, last } = this.#model;
    this.#head++;
    if (item) now.set(name, item);
    else now.delete(name);
    last.set(name, this.#head);
    states.set(this.#head, new Map([...now].map(([key, { revision }]) => [key, revision])));
  }

  async #compact(to: number): Promise<void> {
    await this.store.compact('t', to);
    this.#model.compacted = Math.max(to, this.#model.compacted);
  }

  async #expire(): Promise<void> {
    this.#seconds += 11;
    const over = [...this.#model.now].filter(([, { expiresAt }]) => expiresAt !== undefined);
    expect(await this.store.tick()).toBe(over.length);
    over.sort(([, a], [, b]) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.revision - b.revision);
    // Those that expire in one second may go in any order: the log says in which.
    const { entries } = await this.store.log('t', this.#head);
    expect(entries.map((entry) => entry.name).sort()).toEqual(over.map(([key]) => key).sort());
    for (const entry of entries) this.#wrote(entry.name, undefined);
  }

  /** Goes on with the files as they lie there while the store is open. */
  async #kill(): Promise<void> {
    const from = this.#path();
    this.#file++;
    for (const suffix of ['', '-wal']) copyFileSync(`${from}${suffix}`, `${this.#path()}${suffix}`);
    await this.store.close();
    this.store = this.#open();
  }

  async #restore(): Promise<void> {
    const backup = join(this.#folder, `${this.#file}.backup`);
    rmSync(backup, { force: true });
    await this.store.backup(backup);
    await this.store.close();
    restoreEmbeddedStore(backup, this.#path(), { skipRevisions: 7 });
    this.store = this.#open();
    if (this.#head === 0) return;
    this.#head = Math.max(this.#head, this.#model.compacted) + 7;
    this.#model.compacted = this.#head;
    const state = new Map([...this.#model.now].map(([key, { revision }]) => [key, revision]));
    this.#model.states.set(this.#head, state);
  }

  async #compare(): Promise<void> {
    const { now, states, last, compacted } = this.#model;
    expect(await this.store.head('t')).toBe(this.#head);
    for (const each of names) {
      const item = await this.store.get('t', each);
      expect(item && { name: item.name, revision: item.revision, value: textOf(item.value) }).toEqual(
        now.has(each) ? itemOf(each, now.get(each)?.revision ?? 0) : undefined,
      );
      const newest = (await this.store.past('t', each, { limit: 1 })).entries[0]?.revision;
      const known = last.get(each) ?? 0;
      expect(newest).toBe(now.get(each)?.revision ?? (known > compacted ? known : undefined));
    }
    for (const revision of new Set([compacted, Math.max(compacted, this.#held), this.#head])) {
      const state = states.get(revision) ?? new Map();
      for (const prefix of ['', 'a/', 'b/'])
        for (const limit of [1, 2, undefined]) {
          const wanted = [...state].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
          const found = await this.#pages(prefix, limit, revision);
          expect(found).toEqual(wanted.map(([key, at]) => itemOf(key, at)));
        }
    }
  }

  async #pages(prefix: string, limit: number | undefined, revision: number): Promise<unknown[]> {
    const found: unknown[] = [];
    let page: ListPage = { items: [], revision, more: true };
    while (page.more) {
      const after = page.items.at(-1)?.name;
      page = await this.store.list('t', { prefix, revision, ...(limit && { limit }), ...(after && { after }) });
      found.push(...page.items.map((item) => ({ ...item, value: textOf(item.value) })));
    }
    return found;
  }

  #path(): string {
    return join(this.#folder, `${this.#file}.db`);
  }

  #open(): EmbeddedStore {
    return openEmbeddedStore(this.#path(), { tickMs: 0, now: () => this.#seconds * 1000, sync: () => {} });
  }
}

const bytesFor = (revision: number) => ({ bytes: Buffer.from(`of ${revision}`) });
const textOf = (value: Uint8Array) => Buffer.from(value).toString();
const itemOf = (name: string, revision: number) => ({ name, revision, value: `of ${revision}` });
