// Volumes of a CSI driver, from its registration to the end of its volumes, on a real node; the driver and its attacher are the tests' own.

import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attachmentName } from '../../core/node/volume-attachment.ts';
import type { V1Container, V1PodSpec } from '../../generated/kubernetes.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { type CsiDriver, startCsiDriver } from '../tools/csi-driver.ts';
import { forever, pod, shell } from '../tools/manifests.ts';

const driverName = 'csi.tests.zeroplane.dev';
const zone = 'topology.tests.zeroplane.dev/zone';

describe.skipIf(process.getuid?.() !== 0)('CSI drivers (needs root)', () => {
  let cluster: TestCluster;
  let driver: CsiDriver;
  let kubeletDir = '';
  let nodeName = '';

  beforeAll(async () => {
    cluster = await startCluster('zpcsi', '10.210.93');
    nodeName = (await cluster.read('nodes')).items[0].metadata.name;
    // Another cluster of this machine may have the usual place.
    const agent = join(cluster.dataDir, 'agent');
    const owner = existsSync('/var/lib/kubelet/.zeroplane') ? readlinkSync('/var/lib/kubelet/.zeroplane') : undefined;
    kubeletDir = owner === agent ? '/var/lib/kubelet' : join(agent, 'kubelet');
    driver = await startCsiDriver({ name: driverName, kubeletDir, nodeId: 'id-of-node', topology: { [zone]: 'z1' } });
  });
  afterAll(async () => {
    await driver?.stop();
    await cluster?.remove();
  });

  const calls = (method: string) => driver.calls.filter((each) => each.method === method).map(({ request }) => request);
  const claimed = (name: string, more: object = {}) => [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '1Mi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        claimRef: { namespace: 'default', name },
        csi: {
          driver: driverName,
          volumeHandle: `handle-${name}`,
          volumeAttributes: { colour: 'blue' },
          nodeStageSecretRef: { namespace: 'kube-system', name: 'stage' },
        },
        ...more,
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        volumeName: name,
        resources: { requests: { storage: '1Mi' } },
        ...more,
      },
    },
  ];
  const mounts = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const using = (name: string, claim: string, container: V1Container, more: Partial<V1PodSpec> = {}) =>
    pod(name, [container], { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }], ...more });
  /** As the driver's attacher. */
  const attach = async (volume: string) => {
    const name = attachmentName(driverName, `handle-${volume}`, nodeName);
    await eventually(60, () => cluster.read('volumeattachment', name));
    const status = { attached: true, attachmentMetadata: { device: `/dev/of/${volume}` } };
    await cluster.kubectl(
      ...['patch', 'volumeattachment', name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })],
    );
    return name;
  };
  const isReady = (name: string) => cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=180s');

  it('a driver registers at the usual socket, and the cluster sees what it says of the node', async () => {
    const node = await eventually(60, async () => {
      const found = await cluster.read('csinode', nodeName);
      return found.spec.drivers.length > 0 && found;
    });
    expect(node.spec.drivers).toEqual([
      { name: driverName, nodeID: 'id-of-node', topologyKeys: [zone], allocatable: { count: 7 } },
    ]);
    expect(node.metadata.ownerReferences[0]).toMatchObject({ kind: 'Node', name: nodeName });
    await eventually(60, async () => (await cluster.read('node', nodeName)).metadata.labels[zone] === 'z1');
    await eventually(60, async () => driver.registered.at(-1) === true);
  });

  it('a pod waits until its volume is attached; it is staged once, and published to each of its pods as they are', async () => {
    await cluster.apply([
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSIDriver',
        metadata: { name: driverName },
        spec: {
          attachRequired: true,
          podInfoOnMount: true,
          fsGroupPolicy: 'File',
          volumeLifecycleModes: ['Persistent', 'Ephemeral'],
          tokenRequests: [{ audience: 'vault', expirationSeconds: 3600 }],
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'stage', namespace: 'kube-system' },
        stringData: { password: 'open sesame' },
      },
      ...claimed('files'),
      using('writer', 'files', shell('main', `echo written >/data/file && ${forever}`, mounts), {
        securityContext: { runAsUser: 1000, fsGroup: 2000 },
      }),
    ]);
    await eventually(60, () => cluster.read('volumeattachment', attachmentName(driverName, 'handle-files', nodeName)));
    expect(calls('nodeStageVolume')).toEqual([]);
    await attach('files');
    await isReady('writer');

    const [stage] = calls('nodeStageVolume');
    expect(stage).toMatchObject({
      volumeId: 'handle-files',
      publishContext: { device: '/dev/of/files' },
      secrets: { password: 'open sesame' },
      volumeContext: { colour: 'blue', 'csi.storage.k8s.io/pod.name': 'writer' },
      volumeCapability: { accessMode: { mode: 1 } },
    });
    expect(String(stage?.['stagingTargetPath'])).toMatch(
      new RegExp(`^${kubeletDir}/plugins/kubernetes.io/csi/${driverName}/[0-9a-f]{64}/globalmount$`),
    );
    const [publish] = calls('nodePublishVolume');
    const { uid } = (await cluster.read('pod', 'writer')).metadata;
    expect(publish?.['targetPath']).toBe(`${kubeletDir}/pods/${uid}/volumes/kubernetes.io~csi/files/mount`);
    const context = publish?.['volumeContext'] as Record<string, string>;
    expect(JSON.parse(context['csi.storage.k8s.io/serviceAccount.tokens'] ?? '').vault).toEqual({
      token: expect.stringMatching(/^ey/),
      expirationTimestamp: expect.stringMatching(/^20/),
    });
    expect(readFileSync(join(driver.data('handle-files'), 'file'), 'utf8')).toBe('written\n');
    expect(statSync(join(driver.data('handle-files'), 'file')).gid).toBe(2000);

    const read = { ...mounts, volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }] };
    await cluster.apply([using('reader', 'files', shell('main', `cat /data/file && ${forever}`, read))]);
    await isReady('reader');
    await eventually(60, async () => (await cluster.kubectl('logs', 'reader')) === 'written\n');
    expect(new Set(calls('nodeStageVolume').map((each) => each['stagingTargetPath'])).size).toBe(1);
    expect(new Set(calls('nodePublishVolume').map((each) => each['targetPath'])).size).toBe(2);
    await eventually(60, async () =>
      (await cluster.read('node', nodeName)).status.volumesInUse?.includes(
        `kubernetes.io/csi/${driverName}^handle-files`,
      ),
    );
  });

  it('a volume that its controller has grown grows on the node, and its claim says so', async () => {
    // As the driver's resizer.
    const larger = JSON.stringify({ spec: { capacity: { storage: '2Mi' } } });
    await cluster.kubectl('patch', 'pv', 'files', '--type=merge', '-p', larger);
    await eventually(120, async () => (await cluster.read('pvc', 'files')).status.capacity.storage === '2Mi');
    expect(calls('nodeExpandVolume').at(-1)).toMatchObject({
      volumeId: 'handle-files',
      capacityRange: { requiredBytes: 2 ** 21 },
    });
  });

  it('a block volume is a device of its container', async () => {
    const container = shell('main', `echo raw | dd of=/dev/data conv=notrunc && ${forever}`, {
      volumeDevices: [{ name: 'data', devicePath: '/dev/data' }],
    });
    await cluster.apply([...claimed('raw', { volumeMode: 'Block' }), using('block', 'raw', container)]);
    await attach('raw');
    await isReady('block');
    expect(await cluster.kubectl('exec', 'block', '--', 'dd', 'if=/dev/data', 'bs=4', 'count=1')).toContain('raw');
    await cluster.kubectl('delete', 'pod', 'block');
    await eventually(60, async () => calls('nodeUnstageVolume').some((each) => each['volumeId'] === 'handle-raw'));
    expect(readFileSync(`${driver.data('handle-raw')}.img`, 'utf8').slice(0, 4)).toBe('raw\n');
  });

  it('a volume of the pod itself comes and goes with it', async () => {
    await cluster.apply([
      pod('inline', [shell('main', `cat /data/pod && ${forever}`, mounts)], {
        volumes: [{ name: 'data', csi: { driver: driverName, volumeAttributes: { kind: 'inline' } } }],
      }),
    ]);
    await isReady('inline');
    await eventually(60, async () => (await cluster.kubectl('logs', 'inline')) === 'inline\n');
    const publish = calls('nodePublishVolume').at(-1);
    expect(publish?.['volumeContext']).toMatchObject({ kind: 'inline', 'csi.storage.k8s.io/ephemeral': 'true' });
    await cluster.kubectl('delete', 'pod', 'inline');
    await eventually(60, async () =>
      calls('nodeUnpublishVolume').some((each) => each['targetPath'] === publish?.['targetPath']),
    );
  });

  it('its driver says how full a volume is, in the summary of the node and in its metrics', async () => {
    const summary = JSON.parse(await cluster.kubectl('get', '--raw', `/api/v1/nodes/${nodeName}/proxy/stats/summary`));
    const writer = summary.pods.find((each: { podRef: { name: string } }) => each.podRef.name === 'writer');
    expect(writer.volume).toContainEqual({
      ...{ time: expect.any(String), name: 'data', pvcRef: { name: 'files', namespace: 'default' } },
      ...{ capacityBytes: 1_000_000, availableBytes: 600_000, usedBytes: 400_000 },
      ...{ inodes: 100, inodesFree: 70, inodesUsed: 30 },
    });
    const metrics = await cluster.kubectl('get', '--raw', `/api/v1/nodes/${nodeName}/proxy/metrics`);
    const of = '{namespace="default",persistentvolumeclaim="files"}';
    expect(metrics).toContain(`kubelet_volume_stats_used_bytes${of} 400000\n`);
    expect(metrics).toContain(`kubelet_volume_stats_inodes_free${of} 70\n`);
    // Both read what was asked for once within a minute.
    expect(
      calls('nodeGetVolumeStats').filter((each) => each['volumeId'] === 'handle-files').length,
    ).toBeLessThanOrEqual(2);
  });

  it('an agent that was killed takes back what pods had that went meanwhile; then it is detached, and its data stay', async () => {
    cluster.kill('agent');
    await cluster.kubectl('delete', 'pod', 'writer', 'reader', '--wait=false');
    expect((await cluster.zeroplane('up', '--detach')).code).toBe(0);
    await eventually(180, async () => calls('nodeUnstageVolume').some((each) => each['volumeId'] === 'handle-files'));
    const order = driver.calls.map(({ method, request }) => `${method} ${request['volumeId']}`);
    expect(order.lastIndexOf('nodeUnpublishVolume handle-files')).toBeLessThan(
      order.lastIndexOf('nodeUnstageVolume handle-files'),
    );
    const attachment = attachmentName(driverName, 'handle-files', nodeName);
    await eventually(120, async () => (await cluster.attempt('get', 'volumeattachment', attachment)).code !== 0);
    await eventually(60, async () => !(await cluster.read('node', nodeName)).status.volumesInUse);
    expect(readdirSync(join(kubeletDir, 'pods'))).toEqual([]);
    expect(readFileSync(join(driver.data('handle-files'), 'file'), 'utf8')).toBe('written\n');
  });

  it('a driver that goes is gone from the node', async () => {
    await driver.stop();
    await eventually(60, async () => !(await cluster.read('csinode', nodeName)).spec.drivers?.length);
  });
});
