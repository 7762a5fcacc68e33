// A directory that a server exports by NFS, mounted by the node's own client for each pod that has it.

import { access, mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dns1123Subdomain } from '../../../core/machinery/names.ts';
import { tryRun } from '../../../core/process/run.ts';
import { isMounted } from '../../files/mount-table.ts';
import { filesystemUse } from '../filesystem-use.ts';
import { VolumeError } from '../volume-error.ts';
import type { NodeVolumeTypeOf } from '../volume-type.ts';

interface Export {
  readonly server: string;
  readonly path: string;
  readonly readOnly?: boolean;
}

/** What the node has to mount one. */
export interface NfsClient {
  /** The program that mount(8) calls for it is there. */
  isInstalled(): Promise<boolean>;
  /** The kernel has the file system, or a module of it. */
  isKnown(): Promise<boolean>;
  isMounted(directory: string): Promise<boolean>;
  /** mount(8) with these words; gives why it failed. */
  mount(args: readonly string[]): Promise<string | undefined>;
}

export const nfs: NodeVolumeTypeOf<'nfs'> = {
  async mount(source, { directory }) {
    await mountNfs(source, directory, source.readOnly ?? false, []);
    return { path: directory, readOnly: source.readOnly ?? false };
  },
  async persistent(source, { directory }, readOnly, { spec }) {
    await mountNfs(source, directory, readOnly || (source.readOnly ?? false), spec?.mountOptions ?? []);
    return directory;
  },
  use: (_, { directory }) => filesystemUse(directory),
};

/** Idempotent. Throws VolumeError, with what to do where the node has no client. */
export async function mountNfs(
  { server, path: exported }: Export,
  directory: string,
  readOnly: boolean,
  options: readonly string[],
  client: NfsClient = machineClient,
): Promise<void> {
  const host = hostOf(server);
  if (host === undefined)
    throw new VolumeError(`NFS server ${JSON.stringify(server.slice(0, 300))} is neither an address nor a host name`);
  // What mount(8) reads is one line of a table.
  if (!exported.startsWith('/') || /[\0\n]/.test(exported))
    throw new VolumeError(`NFS path ${JSON.stringify(exported.slice(0, 300))} must be an absolute path on one line`);
  if (await client.isMounted(directory)) return;
  if (!(await client.isInstalled()))
    throw new VolumeError(
      'this node has no NFS client: install the package nfs-common (Debian, Ubuntu) or nfs-utils (Fedora, RHEL)',
    );
  if (!(await client.isKnown()))
    throw new VolumeError(
      'the kernel of this node has no NFS: run a kernel that has it, or install the package with its modules',
    );
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const all = [...options, ...(readOnly ? ['ro'] : [])];
  const failure = await client.mount([
    ...['-t', 'nfs'],
    ...(all.length > 0 ? ['-o', all.join(',')] : []),
    ...['--', `${host}:${exported}`, directory],
  ]);
  if (failure !== undefined) throw new VolumeError(`NFS ${host}:${exported} was not mounted: ${failure}`);
}

/** As mount(8) takes it. */
function hostOf(server: string): string | undefined {
  const address = server.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 6) return `[${address}]`;
  return isIP(address) === 4 || dns1123Subdomain(server.toLowerCase()).length === 0 ? server : undefined;
}

const helpers = ['/sbin/mount.nfs', '/usr/sbin/mount.nfs'];
const mountMs = 120_000;

const machineClient: NfsClient = {
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
