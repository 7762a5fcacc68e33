// Gets, lists at the newest and at older revisions, in pages, and the log.

import type { ListOptions, ListPage } from '../../../core/store/store.ts';
import { StoreError } from '../../../core/store/store.ts';
import type { SeenList } from '../validation/checker.ts';
import { textOf } from '../validation/checker.ts';
import type { Process } from './process.ts';

export async function read(process: Process): Promise<void> {
  const { world, store } = process;
  const { random, checker } = world;
  const { type, names } = random.pick(world.types);
  const kind = random.next();
  if (kind < 0.5) {
    const name = random.pick(names);
    const begun = checker.begin();
    checker.got(begun, type, name, await store.get(type, name));
  } else if (kind < 0.7) await list(process, type, {});
  else if (kind < 0.9) await pages(process, type);
  else {
    const head = await store.head(type);
    await list(process, type, { revision: Math.max(0, head - random.below(40)) });
  }
}

/** A list in pages: all of them at the revision of the first. */
async function pages(process: Process, type: string): Promise<void> {
  const prefix = process.world.random.chance(0.5) ? 'a/' : '';
  let page = await list(process, type, { prefix, limit: 3 });
  while (page.more) {
    const after = page.items.at(-1)?.name;
    if (after === undefined) break;
    await process.sleep(process.world.random.between(0, 50));
    page = await list(process, type, { prefix, limit: 3, after, revision: page.revision });
  }
}

async function list({ world, store }: Process, type: string, options: ListOptions): Promise<ListPage> {
  const begun = options.revision === undefined ? world.checker.begin() : undefined;
  const page = await store.list(type, options);
  world.checker.listed(begun, type, options, seen(page));
  if (options.revision !== undefined && page.revision !== options.revision)
    world.checker.violation(`a list of ${type} at ${options.revision} came at ${page.revision}`);
  return page;
}

function seen({ items, revision, more }: ListPage): SeenList {
  return { items: items.map((item) => ({ ...item, text: textOf(item.value) })), revision, more };
}

/** Reads the logs of all types, page after page, from where it was. */
export function readLog({ world, store }: Process): () => Promise<void> {
  const places = new Map<string, number>();
  return async () => {
    const { type } = world.random.pick(world.types);
    const after = places.get(type) ?? 0;
    try {
      const page = await store.log(type, after, world.random.between(1, 200));
      world.checker.logged(type, after, page);
      places.set(type, page.through);
    } catch (error) {
      if (!(error instanceof StoreError) || error.failure.code !== 'compacted') throw error;
      if (error.failure.data.compactedRevision <= after)
        world.checker.violation(
          `the log of ${type} after ${after} is compacted at ${error.failure.data.compactedRevision}`,
        );
      places.set(type, error.failure.data.compactedRevision);
      throw error;
    }
  };
}
