// sig-storage: VolumeAttachments that others make, of drivers, nodes and volumes that need not exist. The controllers that attach run
// beside them, and leave them alone.

import { afterAll, beforeAll, expect } from 'vitest';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { conformance } from './conformance.ts';
import { supportsOperations } from './lifecycle.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }] });
});
afterAll(async () => {
  await cluster.close();
});

const attachments = '/apis/storage.k8s.io/v1/volumeattachments';
const merge = 'application/merge-patch+json';
const body = (nodeName: string) => ({
  spec: { attacher: 'e2e-test.storage.k8s.io', nodeName, source: { persistentVolumeName: 'pv' } },
});

conformance('VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment', async () => {
  for (const node of ['n1', 'nowhere'])
    await supportsOperations(cluster.t, {
      group: 'storage.k8s.io',
      version: 'v1',
      resource: 'volumeattachments',
      body: body(node),
      settle: () => cluster.idle(),
    });
});

conformance('VolumeAttachment Conformance should apply changes to a volumeattachment status', async () => {
  const { t } = cluster;
  await t.post(attachments, { metadata: { name: 'va' }, ...body('nowhere') });
  await cluster.idle();
  const labelled = await t.patch(`${attachments}/va`, merge, { metadata: { labels: { 'va-e2e': 'patched' } } });
  expect(labelled.body.metadata.labels).toEqual({ 'va-e2e': 'patched' });
  await cluster.idle();
  expect((await t.get(`${attachments}/va/status`)).body.status?.attached ?? false).toBe(false);
  const attached = await t.patch(`${attachments}/va/status`, merge, { status: { attached: true } });
  expect(attached).toMatchObject({ status: 200, body: { status: { attached: true } } });
  await cluster.idle();
  const detached = await t.put(`${attachments}/va/status`, { ...attached.body, status: { attached: false } });
  expect(detached).toMatchObject({ status: 200, body: { status: { attached: false } } });
  await cluster.idle();
  expect((await t.remove(`${attachments}/va`)).status).toBe(200);
  expect((await t.get(`${attachments}/va`)).status).toBe(404);
});
