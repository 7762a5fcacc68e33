// Whatever links, devices and depths a container makes, and however it swaps them meanwhile, the agent stays below the directory that it
// works in.

import { execFileSync } from 'node:child_process';
import fs, { type FileHandle } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { startSwap } from '../../test/tools/swap.ts';
import { tried } from '../../test/tools/tried.ts';
import { ownByGroup } from '../volumes/ownership.ts';
import { directoryBeneath, openBeneath, openRoot, pathOf, readBeneath, writeFileIn } from './beneath.ts';
import { componentsOf, UnsafePathError } from './paths.ts';
import { removeTree } from './remove-tree.ts';

const isRoot = process.getuid?.() === 0;

let base: string;
let volume: string;
let outside: string;
let root: FileHandle;

beforeEach(async () => {
  base = await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), 'zeroplane-beneath-')));
  volume = path.join(base, 'volume');
  outside = path.join(base, 'outside');
  for (const directory of [volume, outside]) await fs.mkdir(path.join(directory, 'a'), { recursive: true });
  await fs.writeFile(path.join(volume, 'a', 'file'), 'inside');
  await fs.writeFile(path.join(outside, 'file'), 'secret');
  await fs.writeFile(path.join(outside, 'a', 'file'), 'secret');
  root = await openRoot(volume);
});

afterEach(async () => {
  await root.close();
  // Node.js' own takes paths, which a deep tree outgrows.
  execFileSync('rm', ['-rf', base]);
});

const read = async (inner: string, links?: 'refuse' | 'beneath') => {
  const file = await readBeneath(volume, inner, links);
  try {
    return await file?.readFile('utf8');
  } finally {
    await file?.close();
  }
};
const openFiles = async () => (await fs.readdir('/proc/self/fd')).length;

describe('a path below a directory', () => {
  it('has no way up, no NUL, and is not absolute', async () => {
    for (const inner of ['..', '../outside/file', 'a/../../outside', '/etc/passwd', 'a\0b', 'a'.repeat(5000)]) {
      tried('hostile paths at their point of use');
      expect(() => componentsOf(inner)).toThrow(UnsafePathError);
      await expect(openBeneath(root, inner)).rejects.toThrow(UnsafePathError);
    }
    expect(componentsOf('./a//b/.')).toEqual(['a', 'b']);
  });

  it('leads through no link, wherever that goes', async () => {
    await fs.symlink('a', path.join(volume, 'link'));
    await fs.symlink('file', path.join(volume, 'a', 'last'));
    for (const inner of ['link/file', 'link', 'a/last']) {
      tried('hostile paths at their point of use');
      await expect(openBeneath(root, inner)).rejects.toThrow('has a link on its way');
      expect(await read(inner)).toBeUndefined();
    }
  });

  it('follows links that stay below, where that is asked for', async () => {
    await fs.symlink('a/../a/./last', path.join(volume, 'first'));
    await fs.symlink('file', path.join(volume, 'a', 'last'));
    await fs.symlink(path.join(volume, 'a'), path.join(volume, 'absolute'));
    await fs.symlink(volume, path.join(volume, 'a', 'top'));
    expect(await read('first', 'beneath')).toBe('inside');
    expect(await read('absolute/file', 'beneath')).toBe('inside');
    expect(await read('a/top/absolute/top/a/file', 'beneath')).toBe('inside');
  });

  it('never follows one that leads out', async () => {
    const links: Record<string, string> = {
      up: '..',
      far: '../outside/file',
      back: 'a/../../volume/a/file',
      absolute: path.join(outside, 'file'),
      prefix: `${volume}-not`,
      self: 'self',
      proc: '/proc/self/root/etc/passwd',
      'a/deep': '../../outside',
    };
    for (const [name, target] of Object.entries(links)) await fs.symlink(target, path.join(volume, name));
    for (const inner of [...Object.keys(links), 'up/outside/file', 'a/deep/file', 'absolute/']) {
      tried('hostile paths at their point of use');
      await expect(openBeneath(root, inner, { links: 'beneath' })).rejects.toThrow(UnsafePathError);
    }
  });

  it('ends below for any links and any path, as the kernel has it', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const step = fc.constantFrom('a', 'b', 'c', '..', '.', '');
    const target = fc
      .tuple(fc.constantFrom('', '/', 'V/'), fc.array(step, { maxLength: 4 }))
      .map(([start, steps]) => start.replace('V', volume) + steps.join('/'));
    const links = fc.array(fc.tuple(fc.constantFrom('', 'a/', 'b/'), name, target), { maxLength: 6 });
    const before = await openFiles();
    await fc.assert(
      fc.asyncProperty(links, fc.array(name, { minLength: 1, maxLength: 5 }), async (made, steps) => {
        tried('hostile paths at their point of use');
        await fs.rm(volume, { recursive: true });
        await fs.mkdir(path.join(volume, 'a'), { recursive: true });
        await fs.mkdir(path.join(volume, 'b'));
        for (const [where, link, to] of made)
          await fs.symlink(to || '.', path.join(volume, where, link)).catch(() => undefined);
        const inner = steps.join('/');
        const top = await openRoot(volume);
        try {
          const found = await openBeneath(top, inner, { links: 'beneath' }).catch(() => undefined);
          if (!found) return;
          const where = await fs.readlink(pathOf(found));
          await found.close();
          expect(where === volume || where.startsWith(`${volume}/`)).toBe(true);
          expect(where).toBe(await fs.realpath(path.join(volume, inner)));
        } finally {
          await top.close();
        }
      }),
      { numRuns: fuzzRuns(300) },
    );
    expect(await openFiles()).toBe(before);
  });

  it('is read only where it names a regular file, and nobody waits', async () => {
    execFileSync('mkfifo', [path.join(volume, 'fifo')]);
    const server = net.createServer().listen(path.join(volume, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    for (const inner of ['fifo', 'socket', 'a', 'none', 'a/file/below', '.']) {
      tried('hostile paths at their point of use');
      expect(await read(inner)).toBeUndefined();
    }
    expect(await read('a/file')).toBe('inside');
    server.close();
  });

  it('is written only where no link, directory or other file is', async () => {
    await fs.symlink(path.join(outside, 'file'), path.join(volume, 'link'));
    await fs.symlink(path.join(outside, 'new'), path.join(volume, 'dangling'));
    execFileSync('mkfifo', [path.join(volume, 'fifo')]);
    for (const name of ['link', 'dangling', 'a', 'fifo', '..', 'a/b', '', 'a\0'])
      for (const replace of [false, true]) {
        tried('hostile paths at their point of use');
        await expect(writeFileIn(root, name, 'x', { mode: 0o666, replace })).rejects.toThrow();
      }
    expect(await fs.readFile(path.join(outside, 'file'), 'utf8')).toBe('secret');
    expect((await fs.readdir(outside)).sort()).toEqual(['a', 'file']);
    await writeFileIn(root, 'new', 'one', { mode: 0o640 });
    await expect(writeFileIn(root, 'new', 'two', { mode: 0o640 })).rejects.toThrow('EEXIST');
    await writeFileIn(root, 'new', 'two', { mode: 0o666, replace: true });
    expect(await fs.readFile(path.join(volume, 'new'), 'utf8')).toBe('two');
    expect((await fs.stat(path.join(volume, 'new'))).mode & 0o7777).toBe(0o666);
  });
});

describe('while a directory is swapped for a link', () => {
  /** Runs `attack` over and over while `a` of the volume is a directory and a link to what is outside by turns. */
  async function racing(attack: (round: number) => Promise<void>): Promise<void> {
    const swap = await startSwap(path.join(volume, 'a'), outside);
    const end = performance.now() + fuzzRuns(6000);
    try {
      // On a busy machine the other thread may have had no turn yet when all rounds are over.
      const more = (round: number) => round < fuzzRuns(1000) && performance.now() < end;
      for (let round = 0; round < 20 || swap.times() <= 20 || more(round); round += 1) {
        tried('races with links in volumes');
        await attack(round);
      }
    } finally {
      await swap.stop();
    }
    expect(swap.times()).toBeGreaterThan(20);
  }

  it('only files of the volume are read', async () => {
    const seen = new Set<string | undefined>();
    await racing(async () => {
      seen.add(await read('a/file', 'beneath').catch(() => undefined));
      seen.add(await read('a/file').catch(() => undefined));
    });
    expect(seen).toContain('inside');
    expect(seen).not.toContain('secret');
  });

  it('directories and files are made in the volume only', async () => {
    let count = 0;
    await racing(async (round) => {
      const made = await directoryBeneath(root, `a/made-${round}/below`, 0o777).catch(() => undefined);
      if (!made) return;
      count += 1;
      // Its directory may have been swapped away, and deleted.
      await writeFileIn(made, 'file', 'x', { mode: 0o666 }).catch(() => undefined);
      await made.close();
    });
    expect((await fs.readdir(outside)).sort()).toEqual(['a', 'file']);
    expect(count).toBeGreaterThan(0);
  });

  it('nothing outside is deleted', async () => {
    await racing(async () => {
      for (const name of ['x', 'y']) await fs.mkdir(path.join(volume, 'a', name)).catch(() => undefined);
      await removeTree(volume, 'a/x').catch(() => undefined);
      await removeTree(volume, 'a.aside/a').catch(() => undefined);
    });
    expect(await fs.readFile(path.join(outside, 'file'), 'utf8')).toBe('secret');
    expect(await fs.readFile(path.join(outside, 'a', 'file'), 'utf8')).toBe('secret');
  });

  it.skipIf(!isRoot)('no file outside changes its group or its mode', async () => {
    const before = await fs.stat(path.join(outside, 'a', 'file'));
    await racing(() => ownByGroup(volume, 4242));
    for (const file of ['.', 'file', 'a', 'a/file']) {
      const { gid, mode } = await fs.stat(path.join(outside, file));
      expect(gid).toBe(before.gid);
      expect(mode & 0o2020).toBe(0);
    }
    await ownByGroup(volume, 4242);
    expect(await fs.stat(path.join(volume, 'a', 'file'))).toMatchObject({ gid: 4242 });
  });
});

describe('a directory that is removed', () => {
  it('goes with all below it, and takes nothing that its links name', async () => {
    await fs.symlink(outside, path.join(volume, 'a', 'link'));
    await fs.symlink('/none', path.join(volume, 'a', 'dangling'));
    execFileSync('mkfifo', [path.join(volume, 'a', 'fifo')]);
    await fs.mkdir(path.join(volume, 'a', 'one', 'two'), { recursive: true });
    const before = await openFiles();
    await removeTree(volume, 'a');
    expect(await fs.readdir(volume)).toEqual([]);
    expect((await fs.readdir(outside)).sort()).toEqual(['a', 'file']);
    expect(await openFiles()).toBe(before);
    await removeTree(volume, 'a');
    await removeTree(path.join(volume, 'none'), 'a');
  });

  it('goes also when it is a link, which alone goes', async () => {
    await fs.symlink(outside, path.join(volume, 'link'));
    await removeTree(volume, 'link');
    expect(await fs.readdir(volume)).toEqual(['a']);
    expect((await fs.readdir(outside)).sort()).toEqual(['a', 'file']);
    await fs.symlink(outside, path.join(volume, 'link'));
    await expect(removeTree(volume, 'link/a')).rejects.toThrow(UnsafePathError);
    await expect(removeTree(volume, '../outside')).rejects.toThrow(UnsafePathError);
    await expect(removeTree(volume, '.')).rejects.toThrow(UnsafePathError);
  });

  it('goes however deep and wide a container has made it', async () => {
    let at = await openBeneath(root, 'a');
    // Ten times as long as a path may be.
    const long = 'd'.repeat(200);
    for (let depth = 0; depth < 200; depth += 1) {
      await fs.mkdir(pathOf(at, long));
      if (depth % 20 === 0) for (const name of ['w1', 'w2']) await fs.mkdir(pathOf(at, name));
      const next = await openBeneath(at, long);
      await at.close();
      at = next;
    }
    await at.close();
    tried('hostile paths at their point of use');
    await removeTree(volume, 'a');
    expect(await fs.readdir(volume)).toEqual([]);
  });

  it.skipIf(!isRoot)('stays while something is mounted below it', async () => {
    const place = path.join(volume, 'a', 'mounted');
    await fs.mkdir(place);
    execFileSync('mount', ['--bind', outside, place]);
    try {
      await expect(removeTree(volume, 'a')).rejects.toThrow('has something mounted on it');
      expect(await fs.readFile(path.join(outside, 'file'), 'utf8')).toBe('secret');
    } finally {
      execFileSync('umount', [place]);
    }
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place]);
    try {
      await fs.writeFile(path.join(place, 'kept'), '');
      await expect(removeTree(volume, 'a')).rejects.toThrow('has something mounted on it');
      expect(await fs.readdir(place)).toEqual(['kept']);
    } finally {
      execFileSync('umount', [place]);
    }
  });
});
