// What a pod may make of the files that it gives back: nothing outside of the folder they are for.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TarEntry, tar } from '../../agent/images/tar.ts';
import { broughtReader } from './bring.ts';
import { marks } from './helper-containers.ts';

let folder: string;
let outside: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brought-'));
  outside = mkdtempSync(join(tmpdir(), 'outside-'));
});
afterEach(() => {
  for (const each of [folder, outside]) rmSync(each, { recursive: true, force: true });
});

const file = (path: string, content = 'new'): TarEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  content: Buffer.from(content),
});

/** Brings back what a helper's log with this archive says. */
function bring(archive: Buffer, packed = gzipSync(archive), asked = ['.']) {
  const reader = broughtReader(asked);
  const sum = createHash('sha256').update(packed).digest('hex');
  const encoded = packed.toString('base64').match(/.{1,76}/g) ?? [];
  for (const line of [marks.begin, ...encoded, `${marks.end} ${sum}`]) reader.line(line);
  return reader.finish(folder);
}

it('writes files and folders, with long names, and leaves links where they are', () => {
  const long = `${'deep/'.repeat(40)}file`;
  const link: TarEntry = { path: 'link', type: 'symlink', mode: 0o777, target: outside };
  const { files, leftOut } = bring(
    tar([{ path: 'd', type: 'directory', mode: 0o755 }, file('d/a'), file(long, 'x'), link]),
  );
  expect({ files, leftOut }).toEqual({ files: 2, leftOut: ['link'] });
  expect(readFileSync(join(folder, long), 'utf8')).toBe('x');
  expect(readdirSync(folder).sort()).toEqual(['d', 'deep']);
});

it.each(['../escaped', 'a/../../escaped', '/tmp/escaped', 'a/..'])(
  'refuses the name %s, and writes nothing',
  (path) => {
    expect(() => bring(tar([file('fine'), file(path)]))).toThrow('outside of the working directory');
    expect(readdirSync(folder)).toEqual([]);
  },
);

it('writes through no link that is there', () => {
  symlinkSync(outside, join(folder, 'out'));
  expect(() => bring(tar([file('out/escaped')]))).toThrow('--bring: out is no folder here');
  expect(readdirSync(outside)).toEqual([]);
});

it('replaces a link by the file, and not what it names', () => {
  const target = join(outside, 'kept');
  writeFileSync(target, 'old');
  symlinkSync(target, join(folder, 'a'));
  bring(tar([file('a')]));
  expect([readFileSync(target, 'utf8'), readFileSync(join(folder, 'a'), 'utf8')]).toEqual(['old', 'new']);
});

describe('refuses', () => {
  it('an archive that is not whole', () => {
    const reader = broughtReader(['.']);
    for (const line of [marks.begin, 'AAAA', `${marks.end} 00`]) reader.line(line);
    expect(() => reader.finish(folder)).toThrow('did not come whole');
    expect(() => bring(tar([file('a', 'x'.repeat(2000))]).subarray(0, 1024))).toThrow('it ends within a file');
    expect(() => bring(Buffer.alloc(0), Buffer.from('no gzip'))).toThrow('cannot be written below');
  });

  it('one that fills the disk', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    // Many members, one after the other: gzip takes them for one.
    expect(() => bring(Buffer.alloc(0), Buffer.concat(Array.from({ length: 17 }, () => bomb)))).toThrow(
      'cannot be written below',
    );
    expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
  });

  it('a file where a folder is here', () => {
    mkdirSync(join(folder, 'd'));
    expect(() => bring(tar([file('d')]))).toThrow('cannot be written below');
    expect(readdirSync(folder)).toEqual(['d']);
  });
});

describe('writes nothing that was not asked for', () => {
  it.each([
    [['reports'], 'Makefile'],
    [['reports', 'a.txt'], '.git/hooks/post-checkout'],
    [['*'], '.git/config'],
    [['reports/*.xml'], 'reports/a.txt'],
    [['reports/*.xml'], 'reports'],
    [['reports/*'], 'reports/.hidden'],
    [['a?c'], 'abbc'],
    [['[!a]*'], 'abc'],
    [['report'], 'reports/x'],
    [['*.xml'], 'd/a.xml'],
    [['a.b'], 'axb'],
  ])('%j: %s', (asked, path) => {
    expect(() => bring(Buffer.alloc(0), gzipSync(tar([file(path)])), asked)).toThrow('which was not asked for');
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [['reports'], 'reports/deep/x'],
    [['./reports/'], 'reports/x'],
    [['.'], '.git/config'],
    [['*'], 'd/.hidden'],
    [['reports/*.xml'], 'reports/a.xml'],
    [['a[0-9]c'], 'a5c'],
    [['[!a]*', 'x'], 'bcd'],
    [['a\\*'], 'a*'],
    [['a['], 'a['],
    [['[[:alpha:]]x'], 'bx'],
    [['.env*'], '.env.test'],
  ])('but writes what was: %j: %s', (asked, path) => {
    expect(bring(Buffer.alloc(0), gzipSync(tar([file(path)])), asked).files).toBe(1);
  });
});
