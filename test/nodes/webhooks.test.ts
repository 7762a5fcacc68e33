// Webhooks in pods of a machine that joined, whose pod addresses the control plane's machine cannot reach: as behind NAT. They are called over
// the node's own connection, for what users write and for what controllers write. Needs root.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadImage } from '../../agent/images/load.ts';
import { ociArchive } from '../../agent/images/oci.ts';
import { packageImages } from '../../local/example-images.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { createLink, type Link } from '../tools/link.ts';
import { deployment, forever, shell } from '../tools/manifests.ts';
import { removeAll } from '../tools/remove-all.ts';
import {
  certificate,
  certificateDefinition,
  createHookPod,
  type HookPod,
  hookConfiguration,
  hookGroup,
  nodeImage,
  thingsGroup,
  thingsService,
} from '../tools/webhook-pod.ts';
import { type InstalledNode, prepareNode } from './installed-node.ts';

describe.skipIf(process.getuid?.() !== 0)('webhooks on a machine that joined (needs root)', () => {
  let link: Link;
  let cluster: TestCluster;
  let worker: InstalledNode;
  let hook: HookPod;

  beforeAll(async () => {
    link = createLink('zpnwh', '10.210.91', 2);
    const [first, second] = link.hosts;
    if (!first || !second) throw new Error('a link without hosts');
    worker = prepareNode('worker-1', second);
    cluster = await startCluster('zpnwh', '10.210.91', first);
    const line = (await cluster.zeroplane('node token')).stdout.trim();
    const { code, stderr } = await worker.install(line);
    if (code !== 0) throw new Error(`worker-1 did not join: ${stderr}`);
    await worker.loadImages();
    for (const image of packageImages.filter(({ name }) => name === nodeImage)) {
      const file = join(worker.dataDir, 'node-image.tar');
      writeFileSync(file, ociArchive(await image.build(() => {})));
      await loadImage(worker.dataDir, file);
    }
    hook = await createHookPod();
    await cluster.apply(hook.objects);
    const onWorker = { spec: { template: { spec: { nodeName: 'worker-1' } } } };
    await cluster.kubectl('patch', 'deployment', 'hook', '--patch', JSON.stringify(onWorker));
    await cluster.kubectl('rollout', 'status', 'deployment/hook', '--timeout=300s');
    const { podCIDR } = (await cluster.read('node', 'worker-1')).spec;
    const ruleset = `table ip test-nat { chain out { type filter hook output priority 0; ip daddr ${podCIDR} drop; }; }`;
    expect((await first.run('nft', ruleset)).code).toBe(0);
  });
  afterAll(async () => {
    await removeAll([() => worker?.remove(), () => cluster?.remove(), () => link?.remove()]);
  });

  it('change, refuse and convert what users write', async () => {
    await cluster.apply([certificateDefinition(hook)]);
    const rule = { apiGroups: [hookGroup], resources: ['certificates'] };
    await cluster.apply([
      hookConfiguration('Mutating', 'certs-mutate', hook, '/mutate', rule),
      hookConfiguration('Validating', 'certs-validate', hook, '/validate', rule),
    ]);
    await cluster.kubectl('wait', '--for=condition=Established', `crd/certificates.${hookGroup}`, '--timeout=180s');
    await eventually(180, () => cluster.apply([certificate('one', 'v1alpha1', { dnsName: 'one.example.com' })]));
    const one = await cluster.read(`certificates.v1.${hookGroup}`, 'one');
    expect(one.metadata.labels.injected).toBe('yes');
    expect(one.spec).toEqual({ dnsNames: ['one.example.com'] });
    const two = certificate('two', 'v1', { dnsNames: ['two.example.com'] }, { deny: 'yes' });
    await expect(cluster.apply([two])).rejects.toThrow('denied the request: denied by its label');
  });

  it('change what controllers write', async () => {
    const rule = { apiGroups: [''], resources: ['pods'] };
    await cluster.apply([hookConfiguration('Mutating', 'inject', hook, '/mutate', rule)]);
    await cluster.apply([deployment('web', 1, { containers: [shell('main', forever)] })]);
    const pod = await eventually(180, async () => (await cluster.read('pods', '-l', 'app=web')).items[0]);
    expect(pod.metadata.labels.injected).toBe('yes');
    await cluster.kubectl('delete', 'mutatingwebhookconfiguration', 'inject');
  });

  it('and an extension API server there answers, with who asks', async () => {
    await cluster.apply([thingsService(hook)]);
    const path = `/apis/${thingsGroup}/v1/namespaces/default/things`;
    const things = await eventually(180, () => cluster.kubectl('get', '--raw', path));
    expect(things).toContain('asked-by-');
    expect(await cluster.kubectl('get', 'things')).toContain('asked-by-');
  });
});
