// State as a file: a backup of a running cluster, restored after a loss.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../tools/cluster.ts';

describe.skipIf(process.getuid?.() !== 0)('backup and restore (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpbackup', '10.210.7');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it('brings back what was there at the time of the backup, and goes on from there', async () => {
    const file = join(cluster.dataDir, 'backup.db');
    await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=1');
    const made = await cluster.zeroplane('backup', file);
    expect(made.code, made.stderr).toBe(0);
    await cluster.kubectl('create', 'configmap', 'later', '--from-literal=a=1');

    const early = await cluster.zeroplane('restore', file);
    expect(early.code).toBe(1);
    expect(early.stderr).toContain('the control plane runs');

    expect((await cluster.zeroplane('down')).code).toBe(0);
    const restored = await cluster.zeroplane('restore', file);
    expect(restored.code, restored.stderr).toBe(0);
    expect((await cluster.zeroplane('up', '--detach')).code).toBe(0);

    const names = await cluster.kubectl('get', 'configmaps', '-o', 'name');
    expect(names).toContain('configmap/kept');
    expect(names).not.toContain('configmap/later');
    await cluster.kubectl('create', 'configmap', 'later', '--from-literal=a=2');
  });

  it('says what is wrong with a file', async () => {
    const twice = await cluster.zeroplane('backup', join(cluster.dataDir, 'backup.db'));
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain('exists: name a new file');
  });
});
