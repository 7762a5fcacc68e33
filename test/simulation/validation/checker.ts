// Holds what clients were told against what really happened, as they are told it: linearizable per key, lists exact at their
// revision, logs and watches without gap, duplicate or disorder, nothing answered lost, nothing refused done.

import type { Committed, Item, ListOptions, LogPage, StoreFailures, Write } from '../../../core/store/store.ts';
import type { Filled } from './truth.ts';
import { TypeTruth, type Version } from './truth.ts';

/** An operation that was begun. */
export interface Begun {
  /** Steps of the clock. */
  readonly at: number;
  /** The newest revision that anybody had been answered by then, by type. */
  readonly acknowledged: ReadonlyMap<string, number>;
}

export interface SeenList {
  readonly items: Iterable<Pick<Item, 'name' | 'revision'> & { readonly text: string }>;
  readonly revision: number;
  readonly more?: boolean;
}

export interface SeenEvent {
  readonly kind: 'put' | 'delete';
  /** For watches: whether it was told as new. */
  readonly isNew?: boolean;
  readonly name: string;
  readonly revision: number;
  readonly text: string;
}

const shown = 20;

/** What the values of deletes begin with; those of puts do not. */
export const deletePrefix = 'd';

export class Checker {
  /** The first violations, in words. */
  readonly violations: string[] = [];
  violationCount = 0;
  readonly checks = { commits: 0, refusals: 0, gets: 0, lists: 0, logEntries: 0, watchEvents: 0 };
  readonly #types = new Map<string, TypeTruth>();
  readonly #steps: () => number;
  readonly #acknowledged = new Map<string, number>();
  /** Written values -> the revision at which they are. */
  readonly #written = new Map<string, number>();
  readonly #refused = new Set<string>();
  readonly #together: string[][] = [];

  constructor(steps: () => number) {
    this.#steps = steps;
  }

  type(type: string): TypeTruth {
    let truth = this.#types.get(type);
    if (!truth) {
      truth = new TypeTruth();
      this.#types.set(type, truth);
    }
    return truth;
  }

  get types(): ReadonlyMap<string, TypeTruth> {
    return this.#types;
  }

  violation(text: string): void {
    this.violationCount++;
    if (this.violations.length < shown) this.violations.push(`at step ${this.#steps()}: ${text}`);
  }

  begin(): Begun {
    return { at: this.#steps(), acknowledged: new Map(this.#acknowledged) };
  }

  /** A slot of the log was filled. */
  filled(type: string, filled: Filled): void {
    const wrong = this.type(type).fill(filled, this.#steps());
    if (wrong) this.violation(`${type}: ${wrong}`);
    const id = idOf(filled.text);
    if (filled.kind === 'fence' || id === '') return;
    // A delete without a last state of its own carries the value that was put.
    if (filled.kind === 'delete' && !id.startsWith(deletePrefix)) return;
    if (this.#written.has(id)) this.violation(`${type}: ${id} is in the log twice, again at ${filled.revision}`);
    if (this.#refused.has(id)) this.violation(`${type}: ${id} was refused, and is in the log at ${filled.revision}`);
    this.#written.set(id, filled.revision);
  }

  /** A commit is on its way: all of its writes will be seen, or none. */
  sent(writes: readonly Write[]): void {
    const ids = writes.flatMap((write) => (write.op === 'put' ? [idOf(textOf(write.value.bytes))] : []));
    if (ids.length > 1) this.#together.push(ids);
  }

  committed(begun: Begun, writes: readonly Write[], committed: readonly Committed[]): void {
    this.checks.commits++;
    let step: number | undefined;
    for (const [i, write] of writes.entries()) {
      const { revision = -1, value } = committed[i] ?? {};
      if (revision === 0) continue;
      const { type, name } = write;
      const slot = this.type(type).slot(revision);
      this.#acknowledged.set(type, Math.max(this.#acknowledged.get(type) ?? 0, revision));
      const text = value ? textOf(value) : '';
      if (!slot || slot.kind !== write.op || slot.name !== name || slot.text !== text) {
        this.violation(`${type} ${name}@${revision} was answered as ${write.op} ${text}, and is ${describe(slot)}`);
        continue;
      }
      if (write.value && idOf(text) !== idOf(textOf(write.value.bytes)))
        this.violation(`${type} ${name}@${revision} holds ${text}, not what was written`);
      if (slot.at < begun.at) this.violation(`${type} ${name}@${revision} took effect before it was asked for`);
      if (write.expect !== 'any' && slot.previous !== write.expect)
        this.violation(`${type} ${name}@${revision} expected ${write.expect} and replaced ${slot.previous}`);
      if (step !== undefined && slot.at !== step)
        this.violation(`${type} ${name}@${revision} came apart from its commit`);
      step = slot.at;
    }
    for (const [i, write] of writes.entries()) if (committed[i]?.revision === 0) this.#passed(begun, write, step);
  }

  /** A commit failed for good: none of it may ever be seen. */
  refused(begun: Begun, writes: readonly Write[], conflict?: StoreFailures['conflict']): void {
    this.checks.refusals++;
    for (const write of writes) {
      if (write.op === 'check' || !write.value) continue;
      const id = idOf(textOf(write.value.bytes));
      this.#refused.add(id);
      const revision = this.#written.get(id);
      if (revision !== undefined) this.violation(`${write.type}: ${id} was refused, and is in the log at ${revision}`);
    }
    if (!conflict) return;
    const { type, name, current } = conflict;
    this.#hadState(begun, type, name, current, 'a conflict');
    const expected = writes.find((write) => write.type === type && write.name === name)?.expect;
    if (expected === 'any' || expected === (current?.revision ?? 0))
      this.violation(`${type} ${name} was refused though it is as expected, ${expected}`);
  }

  got(begun: Begun, type: string, name: string, item: Item | undefined): void {
    this.checks.gets++;
    this.#hadState(begun, type, name, item, 'a get');
    // Reading it is hearing of it: no later reading may be older.
    if (item) this.#acknowledged.set(type, Math.max(this.#acknowledged.get(type) ?? 0, item.revision));
  }

  /** `begun` absent: need not be fresh. */
  listed(begun: Begun | undefined, type: string, options: ListOptions, seen: SeenList): void {
    this.checks.lists++;
    const truth = this.type(type);
    const { prefix = '', after = '', limit = Number.POSITIVE_INFINITY } = options;
    const at = `${type} at ${seen.revision}`;
    if (seen.revision > truth.frontier) this.violation(`a list of ${at} passes over the gap at ${truth.frontier + 1}`);
    const acknowledged = begun?.acknowledged.get(type) ?? 0;
    if (seen.revision < acknowledged)
      this.violation(`a list of ${at} is older than ${acknowledged}, which was answered`);
    let count = 0;
    const expected = truth.stateAt(seen.revision);
    const next = () => {
      for (;;) {
        const { value, done } = expected.next();
        if (done) return undefined;
        if (value.name.startsWith(prefix) && value.name > after) return value;
      }
    };
    for (const item of seen.items) {
      count++;
      const wanted = next();
      if (wanted?.name === item.name && wanted.version.revision === item.revision && wanted.version.text === item.text)
        continue;
      this.violation(
        `a list of ${at} has ${item.name}@${item.revision}=${item.text}, and should have ${wanted?.name}@${wanted?.version.revision}=${wanted?.version.text}`,
      );
      return;
    }
    const missing = next();
    if (missing && count < limit) this.violation(`a list of ${at} lacks ${missing.name}@${missing.version.revision}`);
    if (seen.more !== undefined && seen.more !== (missing !== undefined))
      this.violation(`a list of ${at} says more: ${seen.more} after ${count} items`);
  }

  logged(type: string, after: number, page: LogPage): void {
    const seen = page.entries.map(({ op: kind, name, revision, value }) => ({
      kind,
      name,
      revision,
      text: textOf(value),
    }));
    this.checks.logEntries += seen.length;
    this.events(type, 'the log', after, seen, page.through);
  }

  /** Events above `after` up to `through` must be the log's, each once, in order. */
  events(type: string, who: string, after: number, seen: readonly SeenEvent[], through: number): void {
    const truth = this.type(type);
    if (through > truth.frontier) this.violation(`${who} of ${type} passes over the gap at ${truth.frontier + 1}`);
    let last = after;
    for (const event of seen) {
      if (event.revision <= last) this.violation(`${who} of ${type} brings ${event.revision} after ${last}`);
      this.#onlyFences(truth, type, who, last, event.revision - 1);
      last = event.revision;
      const slot = truth.slot(event.revision);
      const same = slot && slot.kind === event.kind && slot.name === event.name && slot.text === event.text;
      if (!same) this.violation(`${who} of ${type} brings ${describe(event)} for ${describe(slot)}`);
      else if (event.isNew !== undefined && event.isNew !== (slot.previous === 0))
        this.violation(`${who} of ${type} tells ${describe(event)} as new: ${event.isNew}`);
    }
    this.#onlyFences(truth, type, who, last, through);
  }

  /** After everything has come to rest. */
  finish(): void {
    for (const ids of this.#together) {
      const there = ids.filter((id) => this.#written.has(id)).length;
      if (there > 0 && there < ids.length) this.violation(`of the commit ${ids.join(', ')} only ${there} are there`);
    }
    for (const [type, truth] of this.#types)
      if (truth.frontier + 1 < truth.size) this.violation(`${type} has a gap at ${truth.frontier + 1} for good`);
  }

  #onlyFences(truth: TypeTruth, type: string, who: string, after: number, through: number): void {
    for (let revision = after + 1; revision <= through; revision++) {
      const slot = truth.slot(revision);
      if (slot?.kind !== 'fence') this.violation(`${who} of ${type} leaves out ${describe(slot)} at ${revision}`);
    }
  }

  /** A check, or a delete of nothing, that was answered: it held at the moment of the commit. */
  #passed(begun: Begun, { type, name, expect }: Write, step: number | undefined): void {
    const truth = this.type(type);
    const wanted = expect === 'any' ? 0 : expect;
    const holds = (version: Version) => (version.alive ? version.revision : 0) === wanted;
    const states = step === undefined ? truth.during(name, begun.at, this.#steps()) : [truth.atStep(name, step)];
    if (!states.some(holds)) this.violation(`${type} ${name} was not at ${wanted} when a commit said so`);
  }

  #hadState(begun: Begun, type: string, name: string, item: Item | undefined, who: string): void {
    const states = this.type(type).during(name, begun.at, this.#steps());
    const matches = (version: Version) =>
      item
        ? version.alive && version.revision === item.revision && version.text === textOf(item.value)
        : !version.alive;
    if (states.some(matches)) return;
    const had = states.map((version) => (version.alive ? `@${version.revision}` : 'absent')).join(', ');
    this.violation(`${who} of ${type} ${name} told ${item ? `@${item.revision}` : 'absent'}; it was ${had}`);
  }
}

/** A value that no other write has, with room for its revision: JSON, as replicas want it. */
export function uniqueValue(id: string): { readonly bytes: Uint8Array; readonly revisionOffset: number } {
  const start = `{"metadata":{"name":"${id}","resourceVersion":"`;
  return { bytes: Buffer.from(`${start}"}}`), revisionOffset: start.length };
}

export function idOf(text: string): string {
  const start = text.indexOf(':"') + 2;
  return start < 2 ? '' : text.slice(start, text.indexOf('"', start));
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function describe(slot: Pick<Filled, 'kind' | 'name' | 'revision' | 'text'> | SeenEvent | undefined): string {
  if (!slot) return 'an empty slot';
  return slot.kind === 'fence'
    ? `a fence at ${slot.revision}`
    : `${slot.kind} ${slot.name}@${slot.revision}=${slot.text}`;
}
