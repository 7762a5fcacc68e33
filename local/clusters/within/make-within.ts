// The first things of a hosted cluster, before its store is opened: its keys and authority, and what it copies.

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../../cluster.ts';
import { writeKubeconfig } from '../../kubeconfig.ts';
import { copyDir } from '../made-cluster.ts';

/** What is there stays; whatever was half is made again. */
export async function makeWithin(cluster: Cluster): Promise<void> {
  const { dataDir } = cluster;
  const [copy, state] = [copyDir(dataDir), join(dataDir, 'state.db')];
  const copies = existsSync(copy) && !existsSync(state);
  // Its library of certificates takes 19 MB: of a cluster that has its keys, who renews them loads it (live-keys.ts).
  if (!existsSync(cluster.kubeconfig) || copies) {
    const { ensurePki } = await import('../../pki.ts');
    writeKubeconfig(cluster, await ensurePki(cluster));
  }
  if (copies) {
    const { copyObjects } = await import('./copy-objects.ts');
    await copyObjects(copy, dataDir);
  }
  rmSync(copy, { recursive: true, force: true });
}
