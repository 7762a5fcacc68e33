// A hosted cluster's own folder and settings: it is a data directory as that of `up`, with keys, authority, store and logs of its own.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { clustersPath } from '../../core/hosted/hosted-path.ts';
import type { Cluster, Within } from '../cluster.ts';

/** In the host's data directory: one folder a cluster, by its uid, which is never given twice. */
function clustersDir(hostDir: string): string {
  return join(hostDir, 'clusters');
}

export function clusterDir(hostDir: string, uid: string): string {
  return join(clustersDir(hostDir), uid);
}

export function clusterDirs(hostDir: string): string[] {
  const folder = clustersDir(hostDir);
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Where its API server listens for its host. */
export function apiSocket(dataDir: string): string {
  return join(dataDir, 'run', 'api.sock');
}

/** What a copy is made from: the other cluster's store at one moment, and the keys that open it. */
export function copyDir(dataDir: string): string {
  return join(dataDir, 'copy');
}

export function settingsOf(host: Cluster, { uid, name }: { uid: string; name: string }, maximumBytes: number): Cluster {
  const dataDir = clusterDir(host.dataDir, uid);
  const { port, podCIDR, serviceCIDR, clusterDomain, auditLog, auditPolicyFile, historyMs } = host;
  const within: Within = {
    name,
    path: `${clustersPath}${name}`,
    authority: join(host.dataDir, 'pki', 'ca.crt'),
    hostDir: host.dataDir,
    maximumBytes,
  };
  return {
    ...{ dataDir, port, podCIDR, serviceCIDR, clusterDomain, within },
    // No node comes with it.
    nodeName: 'none',
    kubeconfig: join(dataDir, 'admin.kubeconfig'),
    auditLog: { ...auditLog, path: auditLog.path === '-' ? '-' : join(dataDir, 'audit.log') },
    ...(auditPolicyFile !== undefined && { auditPolicyFile }),
    ...(historyMs !== undefined && { historyMs }),
  };
}

/** Of its store, with what was not yet written into place. */
export function storedBytes(dataDir: string): number {
  const sizeOf = (file: string) => statSync(join(dataDir, file), { throwIfNoEntry: false })?.size ?? 0;
  return sizeOf('state.db') + sizeOf('state.db-wal');
}
