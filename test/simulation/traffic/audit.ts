// The end: a process that was not there before reads everything, with no faults in its way.

import { StoreError } from '../../../core/store/store.ts';
import { textOf } from '../validation/checker.ts';
import { Process } from './process.ts';
import type { World } from './world.ts';

export async function audit(world: World): Promise<void> {
  const { checker } = world;
  const { store } = new Process(world, 'auditor', () => {});
  try {
    for (const { type, names } of world.types) {
      const begun = checker.begin();
      const { items, revision, more } = await store.list(type);
      const seen = items.map((item) => ({ ...item, text: textOf(item.value) }));
      checker.listed(begun, type, {}, { items: seen, revision, more });
      for (const name of names) {
        const asked = checker.begin();
        checker.got(asked, type, name, await store.get(type, name));
      }
      const head = await store.head(type);
      for (let after = (await store.bounds(type)).compacted; after < head; ) {
        const page = await store.log(type, after).catch(compactedAt);
        if (typeof page === 'number') {
          // What was collected meanwhile is found out here.
          if (page <= after) checker.violation(`the log of ${type} after ${after} is compacted at ${page}`);
          after = Math.max(page, after + 1);
        } else {
          checker.logged(type, after, page);
          after = page.through;
        }
      }
    }
  } catch (error) {
    const what = error instanceof StoreError ? error.failure.code : error instanceof Error ? error.stack : error;
    checker.violation(`the end could not be read: ${what}`);
  }
}

function compactedAt(error: unknown): number {
  if (error instanceof StoreError && error.failure.code === 'compacted') return error.failure.data.compactedRevision;
  throw error;
}
