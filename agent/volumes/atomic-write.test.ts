import { createHook } from 'node:async_hooks';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atomicWrite } from './atomic-write.ts';

describe('atomicWrite', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'zeroplane-volume-'));
  });
  afterEach(() => fs.rm(directory, { recursive: true }));

  const payload = (files: Record<string, string>, mode = 0o644) =>
    new Map(Object.entries(files).map(([name, text]) => [name, { content: Buffer.from(text), mode }]));
  const read = (name: string) => fs.readFile(path.join(directory, name), 'utf8');

  it('makes each file visible through the link to the current version, with its mode', async () => {
    expect(await atomicWrite(directory, payload({ 'a.txt': '1', 'sub/b': '2' }, 0o400))).toBe(true);
    expect(await read('a.txt')).toBe('1');
    expect(await read('sub/b')).toBe('2');
    expect(await fs.readlink(path.join(directory, 'a.txt'))).toBe('..data/a.txt');
    expect((await fs.stat(path.join(directory, 'a.txt'))).mode & 0o777).toBe(0o400);
  });

  it('changes everything at once, takes away what is gone, and leaves one version', async () => {
    await atomicWrite(directory, payload({ a: '1', b: '1', 'dir/x': '1' }));
    await atomicWrite(directory, payload({ a: '2', c: '2' }));
    expect(await read('a')).toBe('2');
    const names = await fs.readdir(directory);
    expect(names.filter((name) => !name.startsWith('..')).sort()).toEqual(['a', 'c']);
    expect(names.filter((name) => name.startsWith('..'))).toHaveLength(2);
  });

  it('hands few of the calls of a first write to threads', async () => {
    const calls: string[] = [];
    const hook = createHook({ init: (_, type) => void (type.startsWith('FS') && calls.push(type)) }).enable();
    await atomicWrite(directory, payload({ token: '1', 'ca.crt': '2', namespace: '3' }));
    hook.disable();
    // Of about thirty: whether there is a version before.
    expect(calls.length).toBeLessThan(5);
  });

  it('touches nothing when nothing changed', async () => {
    await atomicWrite(directory, payload({ a: '1' }));
    const before = await fs.readlink(path.join(directory, '..data'));
    expect(await atomicWrite(directory, payload({ a: '1' }))).toBe(false);
    expect(await fs.readlink(path.join(directory, '..data'))).toBe(before);
  });
});
