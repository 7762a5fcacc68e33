// NFS by mount(8), which calls the program of the package with the client.

import { access, readFile } from 'node:fs/promises';
import { tryRun } from '../../../core/process/run.ts';
import { isMounted } from '../../files/mount-table.ts';
import type { NfsClient } from '../../volumes/nfs-client.ts';

const helpers = ['/sbin/mount.nfs', '/usr/sbin/mount.nfs'];
const mountMs = 120_000;

export const linuxNfsClient: NfsClient = {
  async isInstalled() {
    const found = await Promise.all(
      helpers.map((each) =>
        access(each).then(
          () => true,
          () => false,
        ),
      ),
    );
    return found.includes(true);
  },
  async isKnown() {
    const isRegistered = async () => /^nodev\s+nfs4?$/m.test(await readFile('/proc/filesystems', 'utf8'));
    if (await isRegistered()) return true;
    await tryRun('modprobe', ['nfs'], { timeoutMs: 10_000 });
    return isRegistered();
  },
  isMounted,
  async mount(args) {
    const { code, stderr } = await tryRun('mount', args, { timeoutMs: mountMs });
    return code === 0 ? undefined : `${stderr.trim().slice(0, 500)} (${code})`;
  },
};
