// Who answers for a volume's files and does not must not hold up the node: a FUSE file system in the real kernel, whose program says nothing.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { linuxVolumeHost } from '../platform/linux/volume-host.ts';
import { isRemote, onFilesOf } from './remote-volume.ts';
import { mountSubPath } from './sub-path.ts';
import { hostPathVolume } from './types/host-path.ts';

describe('isRemote', () => {
  const table = [
    { directory: '/', type: 'ext4' },
    { directory: '/data', type: 'nfs4' },
    { directory: '/data/own', type: 'ext4' },
    { directory: '/over', type: 'cifs' },
    { directory: '/over', type: 'tmpfs' },
  ];

  it.each([
    ['/data', true],
    ['/data/a/b', true],
    ['/database', false],
    ['/data/own/a', false],
    ['/over/a', false],
    ['/', false],
  ])('%s: %s', (path, expected) => {
    expect(isRemote(path, table, false)).toBe(expected);
  });

  it('is any path whose links may lead to one', () => {
    expect(isRemote('/etc', table, true)).toBe(true);
    expect(isRemote('/etc', table.slice(0, 1), true)).toBe(false);
  });
});

const missing =
  process.getuid?.() !== 0 ? 'needs root' : existsSync('/dev/fuse') ? undefined : 'the kernel has no FUSE here';

describe.skipIf(missing !== undefined)(
  `a volume that nobody answers for${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let silent: string;
    let device: number | undefined;
    /** Ends it, and every call that waits for it. */
    const abandon = () => {
      if (device !== undefined) closeSync(device);
      device = undefined;
    };

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'zp-remote-'));
      silent = join(folder, 'silent');
      await fs.mkdir(silent);
      writeFileSync(join(folder, 'local'), 'there');
      device = openSync('/dev/fuse', 'r+');
      const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
      const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'silent', silent], {
        stdio: ['ignore', 'pipe', 'pipe', device],
      });
      expect(mounted.status, String(mounted.stderr)).toBe(0);
    });
    afterEach(() => {
      abandon();
      spawnSync('umount', ['--lazy', silent]);
      rmSync(folder, { recursive: true, force: true });
    });

    /** Whether this process can still call on its own files. */
    const answers = async () => {
      const late = new Promise<string>((resolve) => setTimeout(resolve, 5000, 'late').unref());
      return Promise.race([fs.readFile(join(folder, 'local'), 'utf8'), late]);
    };

    it('is told of, and called upon by no thread of ours', async () => {
      const place = { uid: 'u', volume: 'v', container: 'c', index: 0 };
      const calls = [
        ...Array.from({ length: 4 }, () => mountSubPath(folder, place, silent, 'inner')),
        ...Array.from({ length: 4 }, () =>
          hostPathVolume({ path: join(silent, 'inner'), type: 'Directory' }, linuxVolumeHost),
        ),
      ].map((each) => expect(each).rejects.toThrow(/who answers for \S+silent\S* does not/));
      expect(await answers()).toBe('there');
      await Promise.all(calls);
      tried('file servers that are away', 8);
    }, 60_000);

    it('holds up no more than two threads where it answered a moment ago, and who waits is told', async () => {
      const attempt = () =>
        onFilesOf(silent, () => fs.stat(join(silent, 'inner')), { answers: async () => true, patienceMs: 300 });
      const ended: string[] = [];
      const calls = Array.from({ length: 6 }, () =>
        attempt()
          .then(String, String)
          .then((each) => ended.push(each)),
      );
      expect(await answers()).toBe('there');
      await expect.poll(() => ended, { timeout: 10_000 }).toHaveLength(4);
      expect(ended.every((each) => each.includes('waits for other volumes'))).toBe(true);
      abandon();
      await Promise.all(calls);
      expect(ended.slice(4)).toEqual([
        expect.stringMatching(/ENOTCONN|ECONNABORTED/),
        expect.stringMatching(/ENOTCONN|ECONNABORTED/),
      ]);
      // Their turns were given back.
      const options = { answers: async () => true, patienceMs: 300 };
      expect(await Promise.all([1, 2, 3].map((each) => onFilesOf(silent, async () => each, options)))).toEqual([
        1, 2, 3,
      ]);
      tried('file servers that are away', 6);
    }, 60_000);

    it('would hold up all of them if each was called upon', async () => {
      const calls = Array.from({ length: 4 }, () => fs.stat(join(silent, 'inner')).catch(String));
      expect(await answers()).toBe('late');
      abandon();
      await Promise.all(calls);
      expect(await answers()).toBe('there');
    }, 60_000);
  },
);
