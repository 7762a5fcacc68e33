// A directory that a server exports by NFS, mounted by the node's own client for each pod that has it.

import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dns1123Subdomain } from '../../../core/machinery/names.ts';
import type { NfsClient } from '../nfs-client.ts';
import { VolumeError } from '../volume-error.ts';
import type { NodeVolumeTypeOf } from '../volume-type.ts';

interface Export {
  readonly server: string;
  readonly path: string;
  readonly readOnly?: boolean;
}

export const nfs: NodeVolumeTypeOf<'nfs'> = {
  async mount(source, { directory, host }) {
    await mountNfs(source, directory, source.readOnly ?? false, [], present(host.nfs));
    return { path: directory, readOnly: source.readOnly ?? false };
  },
  async persistent(source, { directory, host }, readOnly, { spec }) {
    const options = spec?.mountOptions ?? [];
    await mountNfs(source, directory, readOnly || (source.readOnly ?? false), options, present(host.nfs));
    return directory;
  },
  use: (_, { directory, host }) => host.use(directory),
};

function present(client: NfsClient | undefined): NfsClient {
  if (!client) throw new VolumeError('this node mounts no NFS: it runs Windows');
  return client;
}

/** Idempotent. Throws VolumeError, with what to do where the node has no client. */
export async function mountNfs(
  { server, path: exported }: Export,
  directory: string,
  readOnly: boolean,
  options: readonly string[],
  client: NfsClient,
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
