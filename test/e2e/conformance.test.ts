// Behaviours of Kubernetes' conformance suite that need real containers, many of them in few pods of one cluster.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ociArchive } from '../../agent/images/oci.ts';
import { busyboxImages, program } from '../../local/example-images.ts';
import { startCluster, type TestCluster } from '../tools/cluster.ts';
import { kubectlWithPods } from './conformance/cli.ts';
import { commands, defaultsImage, expansion, files, rights, variables } from './conformance/environment.ts';
import { guestbook } from './conformance/guestbook.ts';
import { services, startNetwork } from './conformance/network.ts';
import { overUdp, startUdp } from './conformance/network-udp.ts';
import { packPods } from './conformance/packed-pods.ts';
import { startProxied, throughProxies } from './conformance/proxied.ts';
import { pagesThroughProxies, startPages } from './conformance/proxied-pages.ts';
import { badSubPaths, commandsOverWebSocket, hooks, probes, startRunning, updates } from './conformance/running.ts';
import { configMapName, secretName } from './conformance/volume-sources.ts';
import { configurationVolumes, downwardVolumes, scratchVolumes } from './conformance/volumes.ts';

describe.skipIf(process.getuid?.() !== 0)('conformance with real containers (needs root)', () => {
  let cluster: TestCluster;
  let folder: string;
  const packed = packPods('packed');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    cluster = await startCluster('zpconf', '10.210.9');
    await loadDefaultsImage();
    await cluster.kubectl('create', 'namespace', 'elsewhere');
    const data = { 'data-1': 'value-1\n', 'data-2': 'value-2\n', word: 'map' };
    const other = { 'data-1': 'of another namespace\n' };
    await cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: configMapName },
        data,
        binaryData: { 'dump.bin': Buffer.from('decafebad0feff', 'hex').toString('base64') },
      },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName }, stringData: { ...data, word: 'secret' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName, namespace: 'elsewhere' }, stringData: other },
    ]);
    await packed.start(cluster);
    await startRunning(cluster);
    await startNetwork(cluster);
    await startProxied(cluster);
    await startPages(cluster);
    await startUdp(cluster);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster?.remove();
  });

  async function loadDefaultsImage(): Promise<void> {
    const [busybox] = busyboxImages;
    const base = (await busybox?.build(() => {})) ?? { files: [] };
    // Perl is in every Debian, and speaks UDP, which this busybox does not.
    const files = [...base.files, ...(await program('/usr/bin/perl', '/usr/bin/perl'))];
    const entrypoint = ['/bin/echo', 'the default entrypoint,'];
    const file = join(folder, 'defaults.tar');
    writeFileSync(file, ociArchive({ name: defaultsImage, files, entrypoint, cmd: ['default', 'arguments'] }));
    const { code, stderr } = await cluster.zeroplane('image load', file);
    expect(code, stderr).toBe(0);
  }

  describe('volumes of configuration', () => configurationVolumes(packed));
  describe('volumes about the pod', () => downwardVolumes(packed));
  describe('volumes to write', () => scratchVolumes(packed));
  describe('variables', () => variables(packed));
  describe('expansion', () => expansion(packed));
  describe('commands', () => commands(packed));
  describe('rights', () => rights(packed));
  describe('files', () => files(packed));
  describe.concurrent('run together', () => {
    updates(() => cluster);
    hooks(() => cluster);
    probes(() => cluster);
    badSubPaths(() => cluster);
    commandsOverWebSocket(() => cluster);
    services(() => cluster);
    kubectlWithPods(() => cluster);
    guestbook(() => cluster);
    throughProxies(() => cluster);
    pagesThroughProxies(() => cluster);
    overUdp(() => cluster);
  });
});
