import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreFailure } from '../store.ts';
import { StoreError } from '../store.ts';
import { restoreEmbeddedStore } from './backup.ts';
import type { EmbeddedStore, EmbeddedStoreOptions } from './embedded-store.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import { Tables } from './tables.ts';

let folder: string;
let path: string;
let opened: EmbeddedStore[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zeroplane-embedded-'));
  path = join(folder, 'store.db');
  opened = [];
});

afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(folder, { recursive: true });
});

function open(options: EmbeddedStoreOptions = {}, at = path): EmbeddedStore {
  const store = openEmbeddedStore(at, { tickMs: 0, ...options });
  opened.push(store);
  return store;
}

describe('durability', () => {
  it('answers nobody, and shows nobody, what is not synced yet', async () => {
    const syncs: (() => void)[] = [];
    const store = open({ sync: () => new Promise((resolve) => syncs.push(resolve)) });
    const order: string[] = [];
    const commit = put(store, 'x', 'one').then(() => order.push('answered'));
    await expect.poll(() => syncs.length).toBe(1);
    const get = store.get('things', 'x').then((item) => order.push(`read ${item?.revision}`));
    expect(await store.head('things')).toBe(0);
    expect((await store.log('things', 0)).entries).toEqual([]);
    order.push('synced');
    syncs[0]?.();
    await Promise.all([commit, get]);
    expect(order[0]).toBe('synced');
    expect(order.sort()).toEqual(['answered', 'read 1', 'synced']);
  });

  it('lets what arrives while a sync runs share the next one', async () => {
    const syncs: (() => void)[] = [];
    const store = open({ sync: () => new Promise((resolve) => syncs.push(resolve)) });
    const first = put(store, 'x0', '');
    await expect.poll(() => syncs.length).toBe(1);
    const others = Array.from({ length: 50 }, (_, i) => put(store, `x${i + 1}`, ''));
    syncs[0]?.();
    await first;
    await expect.poll(() => syncs.length).toBe(2);
    syncs[1]?.();
    await Promise.all(others);
    expect(syncs).toHaveLength(2);
    expect(await store.head('things')).toBe(51);
  });

  it('after a failed sync says that the outcome is unknown, and takes no more writes until it is restarted', async () => {
    let broken = false;
    const store = open({
      sync: () => {
        if (broken) throw new Error('EIO');
      },
    });
    await put(store, 'x', 'one');
    broken = true;
    await fails('ambiguous', put(store, 'y', 'two'));
    broken = false;
    await fails('closed', put(store, 'z', 'three'));
    await store.close();
    expect((await open().get('things', 'x'))?.revision).toBe(1);
  });

  it('answers a read that waits for a sync which fails with closed', async () => {
    let fail = (_: Error) => {};
    let syncing = 0;
    const store = open({
      sync: () => {
        syncing++;
        return new Promise((_, reject) => {
          fail = reject;
        });
      },
    });
    const commit = put(store, 'x', 'one');
    await expect.poll(() => syncing).toBe(1);
    const read = store.get('things', 'x');
    fail(new Error('EIO'));
    await Promise.all([fails('ambiguous', commit), fails('closed', read)]);
    await fails('closed', store.get('things', 'x'));
  });

  it('keeps everything over a close and a new start', async () => {
    const store = open();
    await put(store, 'x', 'one');
    await put(store, 'x', 'two');
    await store.compact('things', 1);
    await store.heartbeats.beat('node-1', 1234);
    await store.close();
    const again = open();
    expect(await again.head('things')).toBe(2);
    expect((await again.bounds('things')).compacted).toBe(1);
    expect(Buffer.from((await again.get('things', 'x'))?.value ?? []).toString()).toBe('two');
    expect(await again.heartbeats.all()).toEqual(new Map([['node-1', 1234]]));
    await put(again, 'y', 'three');
    expect(await again.head('things')).toBe(3);
  });
});

describe('heartbeats', () => {
  it('are kept outside the log, and over a new start', async () => {
    const { heartbeats, types, close } = bound(open());
    await heartbeats.beat('a', 20);
    await heartbeats.beat('b', 5);
    await heartbeats.forget('b');
    expect(await types()).toEqual([]);
    await close();
    expect(await open().heartbeats.all()).toEqual(new Map([['a', 20]]));
  });
});

describe('opening', () => {
  it('refuses a file that another process owns', async () => {
    const child = spawn(process.execPath, ['-e', holder, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      expect(() => open()).toThrow(unusable('locked'));
    } finally {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    }
    await put(open(), 'x', 'mine now');
  });

  it('refuses a second time in this process', () => {
    open();
    expect(() => open()).toThrow(unusable('locked'));
  });

  it.each([1, 2, 3, 4])('takes over a file of schema version %i', async (version) => {
    const store = open();
    for (const n of ['1', '2', '3']) await put(store, 'x', n);
    await store.commit([
      { op: 'put', type: 'others', name: 'y', expect: 0, value: { bytes: Buffer.from('other'), revisionOffset: 2 } },
    ]);
    await store.commit([{ op: 'delete', type: 'others', name: 'y', expect: 1 }]);
    const before = await store.log('others', 0);
    await store.close();
    asVersion(path, version);
    const again = open();
    expect(await again.head('things')).toBe(3);
    const { entries: written } = await again.past('things', 'x');
    expect(written.map(({ revision, at }) => [revision, at !== undefined])).toEqual([
      [3, version > 3],
      [2, version > 3],
      [1, version > 3],
    ]);
    expect((await again.past('others', 'y')).entries.map(({ op }) => op)).toEqual(['delete', 'put']);
    expect(await again.log('others', 0)).toEqual(before);
    expect((await again.list('others')).items).toEqual([]);
    expect((await again.log('things', 1)).entries.map(({ value }) => Buffer.from(value).toString())).toEqual([
      '2',
      '3',
    ]);
    await put(again, 'x', '4');
    expect((await again.past('things', 'x', { limit: 1 })).entries[0]?.at).toBeGreaterThan(0);
    expect(await again.head('things')).toBe(4);
    await again.close();
    expect(await open().get('things', 'x')).toMatchObject({ revision: 4 });
  });

  it('leaves an older file as it was when there is no room to take it over', async () => {
    const store = open();
    for (let i = 0; i < 100; i++) await put(store, `x${i}`, 'x'.repeat(4000));
    await store.close();
    asVersion(path, 2);
    expect(() => open({ maximumBytes: 500_000 })).toThrow(StoreError);
    expect((await open().list('things')).items).toHaveLength(100);
  });

  it('knows the head of a type whose last entry, a delete, was compacted', async () => {
    const store = open();
    await put(store, 'x', '1');
    await store.commit([{ op: 'delete', type: 'things', name: 'x', expect: 1 }]);
    await store.compact('things', 2);
    await store.close();
    expect(await open().head('things')).toBe(2);
  });

  it('refuses a newer schema, and what is not a store', async () => {
    await open().close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE meta SET value = 99 WHERE name = 'schemaVersion'");
    db.close();
    expect(() => open()).toThrow(unusable('newer'));
    expect(() => open({}, import.meta.filename)).toThrow(unusable('unreadable'));
    const other = join(folder, 'other.db');
    const foreign = new DatabaseSync(other);
    foreign.exec('CREATE TABLE notes (text TEXT)');
    foreign.close();
    expect(() => open({}, other)).toThrow(unusable('unreadable'));
    expect(() => open({}, join(folder, 'no', 'such', 'folder.db'))).toThrow(unusable('unreadable'));
  });
});

describe('room', () => {
  it('that ends is told as full; nothing is half written; what is compacted makes room again', async () => {
    const store = open({ maximumBytes: 1024 * 1024 });
    await fillUp(store);
    const head = await store.head('things');
    await fails('full', store.commit([write('pair-1', filler), write('pair-2', filler)]));
    expect(await store.head('things')).toBe(head);
    expect(await store.get('things', 'pair-1')).toBeUndefined();
    expect((await store.log('things', 0, 10_000)).entries).toHaveLength(head);
    await store.compact('things', head);
    await store.commit([write('pair-1', filler), write('pair-2', filler)]);
    expect(await store.head('things')).toBe(head + 2);
  });

  it.skipIf(!canMount())('of a real device that ends and comes back loses nothing', async () => {
    const device = mkdtempSync(join(folder, 'device-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', device]);
    try {
      const store = open({}, join(device, 'store.db'));
      await fillUp(store);
      const head = await store.head('things');
      execFileSync('mount', ['-o', 'remount,size=64m', device]);
      await put(store, 'after', 'there is room');
      expect(await store.head('things')).toBe(head + 1);
      await store.close();
      const again = open({}, join(device, 'store.db'));
      expect((await again.log('things', 0, 10_000)).entries).toHaveLength(head + 1);
      await again.close();
    } finally {
      execFileSync('umount', ['-l', device]);
    }
  });

  it('is given back to the device after a compaction', async () => {
    const store = open();
    for (let i = 0; i < 40; i++)
      await store.commit(Array.from({ length: 50 }, (_, n) => write(`x${n + 50 * (i % 2)}`, filler)));
    await store.compact('things', 2000);
    await store.close();
    expect(statSync(path).size).toBeLessThan(2 * 1024 * 1024);
    expect((await open().list('things')).items).toHaveLength(100);
  });
});

describe('backup and restore', () => {
  it('copies a consistent state while commits go on', async () => {
    const store = open();
    for (let i = 0; i < 20; i++) await store.commit(Array.from({ length: 50 }, (_, n) => write(`x${i}-${n}`, filler)));
    const copy = join(folder, 'copy.db');
    let done = false;
    const backup = store.backup(copy).finally(() => {
      done = true;
    });
    const pairs = [];
    for (let i = 0; !done; i++) pairs.push(await store.commit([write('left', `${i}`), write('right', `${i}`)]));
    await backup;
    expect(pairs.length).toBeGreaterThan(0);
    const restored = join(folder, 'restored.db');
    restoreEmbeddedStore(copy, restored);
    const other = open({}, restored);
    const text = async (name: string) => String(Buffer.from((await other.get('things', name))?.value ?? []));
    expect(await text('left')).toBe(await text('right'));
    expect((await other.list('things', { prefix: 'x' })).items).toHaveLength(1000);
  });

  it('restores what was, never gives a revision out twice, and tells clients of the lost time to list anew', async () => {
    const store = open();
    await put(store, 'x', 'old');
    const copy = join(folder, 'copy.db');
    await store.backup(copy);
    await put(store, 'x', 'newer');
    expect(() => restoreEmbeddedStore(copy, path)).toThrow(unusable('locked'));
    await store.close();
    const { previous } = restoreEmbeddedStore(copy, path, { skipRevisions: 500 });
    const restored = open();
    const item = await restored.get('things', 'x');
    expect(item && { ...item, value: String(Buffer.from(item.value)) }).toEqual({
      name: 'x',
      revision: 1,
      value: 'old',
    });
    await fails('compacted', restored.log('things', 2));
    const [committed] = await put(restored, 'y', 'first after');
    expect(committed?.revision).toBe(502);
    expect(previous && String(Buffer.from((await open({}, previous).get('things', 'x'))?.value ?? []))).toBe('newer');
  });

  it('refuses to overwrite a file, and a backup that is none', async () => {
    const store = open();
    await expect(store.backup(path)).rejects.toThrow('exists');
    expect(() => restoreEmbeddedStore(import.meta.filename, join(folder, 'new.db'))).toThrow(unusable('unreadable'));
    expect(() => restoreEmbeddedStore(join(folder, 'none'), join(folder, 'new.db'))).toThrow(unusable('unreadable'));
  });
});

it('expires by its own clock, on its own', async () => {
  let now = 1_000_000;
  const store = open({ now: () => now, tickMs: 10 });
  await store.commit([{ ...write('x', 'event'), expiresAt: 2000 }]);
  await store.tick();
  expect(await store.get('things', 'x')).toBeDefined();
  now = 2_000_000;
  await expect.poll(() => store.get('things', 'x')).toBeUndefined();
  expect((await store.log('things', 1)).entries).toMatchObject([{ op: 'delete', name: 'x', revision: 2 }]);
});

const filler = 'f'.repeat(4000);

const holder = `
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(process.argv[1]);
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE held (x)');
  console.log('held');
  process.stdin.resume().on('end', () => { db.exec('DROP TABLE held'); db.close(); });
`;

function write(name: string, value: string) {
  return { op: 'put', type: 'things', name, expect: 'any', value: { bytes: Buffer.from(value) } } as const;
}

function put(store: EmbeddedStore, name: string, value: string) {
  return store.commit([write(name, value)]);
}

async function fillUp(store: EmbeddedStore): Promise<void> {
  for (let i = 0; i < 10_000; i++)
    try {
      await put(store, `x${i % 10}`, filler);
    } catch (error) {
      expect(error).toMatchObject({ failure: { code: 'full' } });
      return;
    }
  throw new Error('the store never filled up');
}

async function fails(code: StoreFailure, work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toBeInstanceOf(StoreError);
  await expect(work).rejects.toMatchObject({ failure: { code } });
}

function unusable(reason: string): Error {
  return expect.objectContaining({ failure: { code: 'unusable', data: expect.objectContaining({ reason }) } });
}

function bound(store: EmbeddedStore) {
  return { heartbeats: store.heartbeats, types: () => store.types(), close: () => store.close() };
}

/** Makes of a closed file what that version would have written. */
function asVersion(file: string, version: number): void {
  const db = new DatabaseSync(file);
  new Tables(db).index();
  const ids = db
    .prepare('SELECT id FROM types')
    .all()
    .map(({ id }) => Number(id));
  db.exec('DROP TABLE ended; ALTER TABLE types DROP COLUMN indexed');
  if (version > 3) for (const id of ids) db.exec(`CREATE INDEX log_${id}_ends ON log_${id} (name) WHERE put = 0`);
  else for (const id of ids) db.exec(`ALTER TABLE log_${id} DROP COLUMN at; ALTER TABLE log_${id} DROP COLUMN by`);
  if (version < 3) {
    db.exec(`CREATE TABLE log (
      slot INTEGER PRIMARY KEY, put INTEGER NOT NULL, name TEXT NOT NULL, previous INTEGER NOT NULL, stampedAt INTEGER, value BLOB NOT NULL
    )`);
    for (const id of ids)
      db.exec(
        `INSERT INTO log SELECT ${id} * ${2 ** 38} + revision, put, name, previous, stampedAt, value FROM log_${id}; DROP TABLE log_${id}`,
      );
  }
  if (version < 2) db.exec('ALTER TABLE types ADD COLUMN head INTEGER NOT NULL DEFAULT 0');
  db.exec(`UPDATE meta SET value = ${version} WHERE name = 'schemaVersion'; VACUUM`);
  db.close();
}

function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'zeroplane-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
}
