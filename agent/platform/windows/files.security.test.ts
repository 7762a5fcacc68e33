// What a container puts in the place of the agent's own files, and names that Windows reads as others: nothing is read, written or deleted
// through them. On this machine links are Linux's; a junction of Windows is told by lstat as one.

import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../../test/tools/tried.ts';
import { pathOf } from '../../cri/grpc.ts';
import { UnsafePathError } from '../../files/paths.ts';
import { VolumeError } from '../../volumes/volume-error.ts';
import { windowsComponents, windowsFiles } from './files.ts';
import { createPowerShell } from './power-shell.ts';
import { createWindowsVolumeHost, windowsPath } from './volume-host.ts';

let folder: string;
let root: string;
let outside: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(tmpdir(), 'windows-files-'));
  [root, outside] = [path.join(folder, 'root'), path.join(folder, 'outside')];
  await fs.mkdir(root);
  await fs.mkdir(outside);
  await fs.writeFile(path.join(outside, 'secret'), 'secret');
});
afterEach(() => fs.rm(folder, { recursive: true }));

const host = createWindowsVolumeHost(async () => ({ code: 0, stdout: '', stderr: '' }));
const place = { uid: 'u', volume: 'v', container: 'c', index: 0 };
const file = (content: string) => ({ content: Buffer.from(content), mode: 0o644 });

const hostile = [
  ...['..', 'a/../..', 'a\\..\\..\\b', '/a', '\\a', '\\\\server\\share', 'C:\\a', 'C:a', 'a:stream', 'a::$DATA'],
  ...['con', 'NUL.txt', 'a/COM1', 'lpt9.log', 'a.', 'a ', 'a/b./c', 'a\u0000', 'a\n', 'a*', 'a?', '<a', 'a|b', '"a"'],
];

describe('a name', () => {
  it.each(hostile)('%j is none of a file of Windows', async (name) => {
    tried('names of files on Windows');
    expect(() => windowsComponents(name)).toThrow(UnsafePathError);
    await expect(windowsFiles.write(root, name, 'x', { mode: 0o644 })).rejects.toThrow(UnsafePathError);
    await expect(windowsFiles.removeTree(root, name)).rejects.toThrow(UnsafePathError);
    expect(await windowsFiles.open(root, name)).toBe(undefined);
    await expect(host.writeFiles(path.join(root, 'v'), new Map([[name, file('x')]]), undefined)).rejects.toThrow(
      VolumeError,
    );
    await expect(host.subPath(root, place, root, name)).rejects.toThrow(VolumeError);
    expect(await fs.readdir(root)).toEqual([]);
    expect(await fs.readdir(outside)).toEqual(['secret']);
  });

  it('of an ordinary file is one, with either separator', () => {
    expect(windowsComponents('pod_1/main\\0.log')).toEqual(['pod_1', 'main', '0.log']);
    expect(windowsComponents('./console/.hidden')).toEqual(['console', '.hidden']);
  });
});

describe('a link in the place of a directory or a file', () => {
  it('is not gone through: nothing is read, written or deleted behind it', async () => {
    tried('links in the place of files on Windows', 6);
    await fs.symlink(outside, path.join(root, 'pod'));
    await expect(windowsFiles.write(root, 'pod/new', 'x', { mode: 0o644, replace: true })).rejects.toThrow(
      UnsafePathError,
    );
    await expect(windowsFiles.inDirectory(root, 'pod', async () => undefined)).rejects.toThrow(UnsafePathError);
    expect(await windowsFiles.inKnown(root, 'pod', async () => 'used')).toBe(undefined);
    expect(await windowsFiles.open(root, 'pod/secret')).toBe(undefined);
    expect(await windowsFiles.open(root, 'pod/secret', 'beneath')).toBe(undefined);
    expect(await windowsFiles.list(root, 'pod', 'beneath')).toBe(undefined);
    await windowsFiles.removeTree(root, 'pod/secret');
    await windowsFiles.removeTree(root, 'pod');
    expect(await fs.readdir(root)).toEqual([]);
    expect(await fs.readFile(path.join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('is followed where it stays below, for logs of the machine', async () => {
    await fs.mkdir(path.join(root, 'a'));
    await fs.writeFile(path.join(root, 'a', 'log'), 'text');
    await fs.symlink(path.join(root, 'a'), path.join(root, 'b'));
    const found = await windowsFiles.open(root, 'b/log', 'beneath');
    expect(await found?.readFile('utf8')).toBe('text');
    await found?.close();
  });

  it('leads no subPath out of its volume, also where a part of it is missing', async () => {
    tried('links in the place of files on Windows', 2);
    await fs.symlink(outside, path.join(root, 'out'));
    await expect(host.subPath(root, place, root, 'out')).rejects.toThrow('leads out of its directory');
    await expect(host.subPath(root, place, root, 'out/made')).rejects.toThrow('leads out of its directory');
    expect(await fs.readdir(outside)).toEqual(['secret']);
    expect(await host.subPath(root, place, root, 'in/made')).toBe(path.join(root, 'in', 'made'));
  });
});

describe('files of a volume', () => {
  it('are put in place at once, and two that Windows takes for one are refused', async () => {
    const volume = path.join(root, 'volume');
    await fs.mkdir(volume);
    const write = (...files: [string, string][]) =>
      host.writeFiles(volume, new Map(files.map(([name, content]) => [name, file(content)])), undefined);
    expect(await write(['a', '1'], ['dir/b', '1'])).toBe(true);
    expect(await write(['a', '1'], ['dir/b', '1'])).toBe(false);
    expect(await write(['a', '2'], ['c', '2'])).toBe(true);
    expect((await fs.readdir(volume)).filter((name) => !name.startsWith('..')).sort()).toEqual(['a', 'c']);
    expect((await fs.readdir(volume)).filter((name) => name.startsWith('..'))).toHaveLength(2);
    expect(await fs.readFile(path.join(volume, 'a'), 'utf8')).toBe('2');
    await expect(write(['x', '1'], ['x/y', '1'])).rejects.toThrow(VolumeError);
    expect(await fs.readFile(path.join(volume, 'c'), 'utf8')).toBe('2');
  });
});

describe('a path of the machine', () => {
  it.each([
    ['/ProgramData/x', 'C:\\ProgramData\\x'],
    ['D:/data', 'D:\\data'],
    ['\\\\.\\pipe\\containerd', '\\\\.\\pipe\\containerd'],
    ['relative', undefined],
    ['C:relative', undefined],
    ['C:\\a\\..\\b', undefined],
    ['\\\\server\\share', undefined],
    ['\\\\.\\PhysicalDrive0', undefined],
    ['\\\\?\\C:\\a', undefined],
    ['C:\\a\u0000', undefined],
  ])('%j is %j', (given, expected) => {
    tried('paths of a machine with Windows');
    expect(windowsPath(given)).toBe(expected);
  });

  it('of a runtime is a named pipe by either of its names', () => {
    expect(pathOf('npipe:////./pipe/containerd-containerd')).toBe('\\\\.\\pipe\\containerd-containerd');
    expect(pathOf('npipe://./pipe/containerd-containerd')).toBe('\\\\.\\pipe\\containerd-containerd');
    expect(pathOf('\\\\.\\pipe\\docker')).toBe('\\\\.\\pipe\\docker');
    expect(pathOf('unix:///run/x.sock')).toBe('/run/x.sock');
    expect(pathOf('127.0.0.1:99')).toBe(undefined);
  });
});

describe('what PowerShell is given', () => {
  it('is no part of its script, whatever quotes it has', async () => {
    tried('texts for PowerShell', 2);
    let script = '';
    const shell = createPowerShell(async (_, args) => {
      script = Buffer.from(args.at(-1) ?? '', 'base64').toString('utf16le');
      return { code: 0, stdout: '\uFEFF"answer"\r\n', stderr: '' };
    });
    const input = { name: "'; Remove-Item C:\\ -Recurse #", quotes: '\u2018\u2019\u201a\u201b`$(calc)' };
    expect(await shell('$in.name', input)).toBe('answer');
    expect(script).not.toContain('Remove-Item');
    expect(script).not.toMatch(/[\u2018-\u201b`]|calc/);
    const given = /FromBase64String\('([A-Za-z0-9+/=]*)'\)/.exec(script)?.[1] ?? '';
    expect(JSON.parse(Buffer.from(given, 'base64').toString())).toEqual(input);
  });
});
