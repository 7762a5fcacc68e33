import fc from 'fast-check';
import { expect, it } from 'vitest';
import { entriesFrom, OrderedEntries } from './ordered-entries.ts';
import { StoredEntry } from './stored-entry.ts';

const name = fc.stringMatching(/^[ab]\/[a-c]{0,3}$/);
const step = fc.record({ name, remove: fc.boolean() });

function entry(entryName: string): StoredEntry {
  return new StoredEntry(entryName, 1, new Uint8Array(0));
}

function namesIn(entries: OrderedEntries, prefix = '', after = ''): string[] {
  return [...entriesFrom(entries.view(), prefix, after)].map((found) => found.name);
}

it('holds what was set and not deleted, in order, by prefix and after a name', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.constantFrom('', 'a/', 'a/b', 'c'),
      name,
      (steps, prefix, after) => {
        const entries = new OrderedEntries();
        const model = new Set<string>();
        for (const { name: at, remove } of steps) {
          if (remove) entries.delete(at);
          else entries.set(entry(at));
          if (remove) model.delete(at);
          else model.add(at);
        }
        const sorted = [...model].sort();
        expect(namesIn(entries)).toEqual(sorted);
        expect(namesIn(entries, prefix, after)).toEqual(sorted.filter((n) => n.startsWith(prefix) && n > after));
      },
    ),
  );
});

it('stays in order across many chunks, whichever way they were filled', () => {
  const names = Array.from({ length: 5000 }, (_, i) => `pod-${String((i * 7919) % 5000).padStart(5, '0')}`);
  const sorted = [...names].sort();
  const inserted = new OrderedEntries();
  for (const n of names) inserted.set(entry(n));
  expect(namesIn(inserted)).toEqual(sorted);
  const filled = new OrderedEntries(sorted.map(entry));
  expect(namesIn(filled, 'pod-049', 'pod-04990')).toEqual(sorted.slice(4991));
  for (const n of names) filled.delete(n);
  expect(namesIn(filled)).toEqual([]);
});

it('leaves a view as it was, whatever is changed after', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 600 }), fc.array(step, { maxLength: 100 }), (start, steps) => {
      const entries = new OrderedEntries();
      for (const n of start) entries.set(entry(n));
      const view = entries.view();
      for (const { name: at, remove } of steps) {
        if (remove) entries.delete(at);
        else entries.set(entry(at));
        entries.view();
      }
      expect([...entriesFrom(view, '', '')].map((found) => found.name)).toEqual([...new Set(start)].sort());
    }),
  );
});
