// Writes of every kind, on few keys, so that they meet.

import type { Delete, Put, Write } from '../../../core/store/store.ts';
import { StoreError } from '../../../core/store/store.ts';
import { deletePrefix, uniqueValue } from '../validation/checker.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';
import { note } from './world.ts';

export async function write(process: Process): Promise<void> {
  const { world } = process;
  const { random } = world;
  const kind = random.next();
  if (kind < 0.25) return commit(process, [put(world, 0)]);
  if (kind < 0.5) return change(process);
  if (kind < 0.6) return commit(process, [put(world, 'any')]);
  if (kind < 0.75) return commit(process, [remove(world)]);
  if (kind < 0.88) return commit(process, await several(process));
  return commitEach(process);
}

/** What every controller does: read, change, write on the condition that nothing changed since. */
async function change(process: Process): Promise<void> {
  const { world, store } = process;
  const { type, name } = key(world);
  const begun = world.checker.begin();
  const item = await store.get(type, name);
  world.checker.got(begun, type, name, item);
  if (item && world.random.chance(0.3)) {
    const value = world.random.chance(0.5) ? { value: uniqueValue(`${deletePrefix}${world.nextId()}`) } : {};
    return commit(process, [{ op: 'delete', type, name, expect: item.revision, ...value }]);
  }
  return commit(process, [{ ...put(world, item?.revision ?? 0), type, name }]);
}

/** Two to four writes that belong together, of one type or of several. */
async function several(process: Process): Promise<Write[]> {
  const { world, store } = process;
  const writes = new Map<string, Write>();
  const count = world.random.between(2, 4);
  while (writes.size < count) {
    const write = world.random.chance(0.7) ? put(world, 'any') : remove(world);
    writes.set(`${write.type} ${write.name}`, write);
  }
  const { type, name } = key(world);
  if (world.random.chance(0.5) && !writes.has(`${type} ${name}`)) {
    const begun = world.checker.begin();
    const item = await store.get(type, name);
    world.checker.got(begun, type, name, item);
    writes.set(`${type} ${name}`, { op: 'check', type, name, expect: item?.revision ?? 0 });
  }
  return [...writes.values()];
}

async function commit({ world, store }: Process, writes: Write[]): Promise<void> {
  const { checker } = world;
  const begun = checker.begin();
  checker.sent(writes);
  try {
    checker.committed(begun, writes, await store.commit(writes));
    note(world, 'committed');
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    failed(world, begun, writes, error);
  }
}

async function commitEach({ world, store }: Process): Promise<void> {
  const { checker, random } = world;
  const writes = Array.from({ length: random.between(2, 8) }, (): Put | Delete =>
    random.chance(0.7) ? put(world, random.chance(0.5) ? 0 : 'any') : remove(world),
  );
  const begun = checker.begin();
  const outcomes = await store.commitEach(writes);
  for (const [i, write] of writes.entries()) {
    const outcome = outcomes[i];
    if (outcome instanceof StoreError) failed(world, begun, [write], outcome);
    else if (outcome) {
      checker.committed(begun, [write], [outcome]);
      note(world, 'committed');
    }
  }
}

function failed(world: World, begun: ReturnType<World['checker']['begin']>, writes: Write[], error: StoreError): void {
  const { failure } = error;
  note(world, failure.code);
  if (failure.code === 'ambiguous') return;
  world.checker.refused(begun, writes, failure.code === 'conflict' ? failure.data : undefined);
}

function put(world: World, expect: 0 | number | 'any'): Put {
  const { type, name, expires } = key(world);
  const seconds = Math.floor(world.clock.now / 1000) + world.random.between(0, 10);
  return {
    op: 'put',
    type,
    name,
    expect,
    value: uniqueValue(world.nextId()),
    ...(expires && world.random.chance(0.7) && { expiresAt: seconds }),
  };
}

function remove(world: World): Delete {
  const { type, name } = key(world);
  return { op: 'delete', type, name, expect: 'any' };
}

function key({ random, types }: World): { type: string; name: string; expires: boolean } {
  const { type, names, expires } = random.pick(types);
  return { type, name: random.pick(names), expires };
}
