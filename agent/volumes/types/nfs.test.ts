import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NfsClient } from '../nfs-client.ts';
import { mountNfs } from './nfs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zp-nfs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function client(rest: Partial<NfsClient> = {}) {
  const mounted: (readonly string[])[] = [];
  const made: NfsClient = {
    isInstalled: async () => true,
    isKnown: async () => true,
    isMounted: async () => false,
    mount: async (args) => {
      mounted.push(args);
      return undefined;
    },
    ...rest,
  };
  return { made, mounted };
}
const files = { server: 'files.example', path: '/exports/a' };
const mount = (source: { server: string; path: string }, made: NfsClient, readOnly = false, options: string[] = []) =>
  mountNfs(source, join(folder, 'data'), readOnly, options, made);

describe('a volume of NFS', () => {
  it('is mounted from its server, with the options of its PersistentVolume', async () => {
    const { made, mounted } = client();
    await mount(files, made);
    await mount(files, made, true, ['nfsvers=4.2', 'hard']);
    await mount({ server: 'fd00::1', path: '/a' }, made);
    const to = join(folder, 'data');
    expect(mounted).toEqual([
      ['-t', 'nfs', '--', 'files.example:/exports/a', to],
      ['-t', 'nfs', '-o', 'nfsvers=4.2,hard,ro', '--', 'files.example:/exports/a', to],
      ['-t', 'nfs', '--', '[fd00::1]:/a', to],
    ]);
  });

  it('is mounted once', async () => {
    const { made, mounted } = client({ isMounted: async () => true });
    await mount(files, made);
    expect(mounted).toEqual([]);
  });

  it('is refused with what to do, where the node cannot mount it', async () => {
    await expect(mount(files, client({ isInstalled: async () => false }).made)).rejects.toThrow(
      'this node has no NFS client: install the package nfs-common (Debian, Ubuntu)',
    );
    await expect(mount(files, client({ isKnown: async () => false }).made)).rejects.toThrow(
      'the kernel of this node has no NFS',
    );
    await expect(mount(files, client({ mount: async () => 'access denied by server (32)' }).made)).rejects.toThrow(
      'NFS files.example:/exports/a was not mounted: access denied by server (32)',
    );
  });

  it.each([
    { server: '-o', path: '/a' },
    { server: 'a b', path: '/a' },
    { server: 'a:/x', path: '/a' },
    { server: '', path: '/a' },
    { server: 'a', path: 'relative' },
    { server: 'a', path: '/a\nb' },
  ])('is not asked for by what is no server or path: $server $path', async (source) => {
    const { made, mounted } = client();
    await expect(mount(source, made)).rejects.toThrow('NFS');
    expect(mounted).toEqual([]);
  });
});
