// Webhooks in pods of a worker that nothing can dial, called by functions outside of the pods' network: as cert-manager and Kyverno have
// theirs; and a controller in such a pod. Real containers; needs root.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImages, packageImages } from '../../local/example-images.ts';
import { eventually } from '../tools/cluster.ts';
import {
  certificate,
  certificateDefinition,
  createHookPod,
  type HookPod,
  hookConfiguration,
  hookGroup,
  nodeImage,
} from '../tools/webhook-pod.ts';
import { controllerInPod } from './controller-pod.ts';
import { type AwsWorker, startAwsWorker } from './harness/worker.ts';

describe.skipIf(process.getuid?.() !== 0)('webhooks in pods (needs root)', () => {
  let worker: AwsWorker;
  let hook: HookPod;

  beforeAll(async () => {
    const images = [...busyboxImages, ...packageImages.filter(({ name }) => name === nodeImage)];
    worker = await startAwsWorker('zpawh', '10.210.79.1', { streamDelayMs: 200 }, images);
    hook = await createHookPod();
    await apply(...hook.objects);
    await worker.kubectl('rollout', 'status', 'deployment/hook', '--timeout=300s');
    // A cluster, a worker and two images: a busy machine takes minutes.
  }, 900_000);
  afterAll(() => worker?.stop());

  const apply = (...items: object[]) =>
    worker.kubectl.input(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
  const attempt = (object: object) => worker.kubectl.attemptInput(JSON.stringify(object), 'apply', '-f', '-');
  const read = async (...args: string[]) => JSON.parse(await worker.kubectl('get', ...args, '-o', 'json'));
  const configMap = (name: string, labels = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels },
  });

  it('as cert-manager: its resources are changed, refused and converted', async () => {
    await apply(certificateDefinition(hook));
    const rule = { apiGroups: [hookGroup], resources: ['certificates'] };
    await apply(
      hookConfiguration('Mutating', 'certs-mutate', hook, '/mutate', rule),
      hookConfiguration('Validating', 'certs-validate', hook, '/validate', rule),
    );
    await worker.kubectl('wait', '--for=condition=Established', `crd/certificates.${hookGroup}`, '--timeout=60s');
    await eventually(60, async () => {
      // Made anew: a function may not know of the configurations for another second.
      await worker.kubectl('delete', 'certificates', '--all');
      await apply(certificate('one', 'v1alpha1', { dnsName: 'one.example.com' }));
      return (await read(`certificates.v1.${hookGroup}`, 'one')).metadata.labels?.injected === 'yes';
    });
    expect((await read(`certificates.v1.${hookGroup}`, 'one')).spec).toEqual({ dnsNames: ['one.example.com'] });
    expect((await read(`certificates.v1alpha1.${hookGroup}`, 'one')).spec).toEqual({ dnsName: 'one.example.com' });
    const refused = await attempt(certificate('two', 'v1', { dnsNames: ['two.example.com'] }, { deny: 'yes' }));
    expect(refused.stderr).toContain(
      'admission webhook "certs-validate.example.com" denied the request: denied by its label',
    );
  });

  it('as Istio: pods that a controller makes are changed too', async () => {
    await apply(hookConfiguration('Mutating', 'inject', hook, '/mutate', { apiGroups: [''], resources: ['pods'] }));
    await eventually(60, async () => {
      await worker.kubectl('create', 'deployment', 'web', '--image=zeroplane.local/web:1').catch(() => undefined);
      const { items } = await read('pods', '-l', 'app=web');
      const injected = items.some(
        ({ metadata }: { metadata: { labels: Record<string, string> } }) => metadata.labels['injected'] === 'yes',
      );
      // A function may not know of the configuration for another second.
      if (items.length > 0 && !injected) await worker.kubectl('delete', 'deployment', 'web', '--cascade=foreground');
      return injected;
    });
    await worker.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    await worker.kubectl('delete', 'mutatingwebhookconfiguration', 'inject');
  });

  it('as Kyverno: what hangs, or is not there, refuses or lets pass as its policy says', async () => {
    const rule = { apiGroups: [''], resources: ['configmaps'] };
    const policy = (failurePolicy: string, path: string, timeoutSeconds: number) =>
      hookConfiguration('Validating', 'policy', hook, path, rule, { failurePolicy, timeoutSeconds });
    await apply(policy('Fail', '/hang', 1));
    const late = await eventually(60, async () => {
      const { code, stderr } = await attempt(configMap('a'));
      return code !== 0 && stderr;
    });
    expect(late).toContain('failed calling webhook "policy.example.com": failed to call webhook: Post ');
    expect(late).toContain('hook.default.svc:443/hang?timeout=1s');
    expect(late).toContain('context deadline exceeded');
    await apply(policy('Ignore', '/hang', 1));
    await eventually(60, async () => (await attempt(configMap('b'))).code === 0);

    await apply(policy('Fail', '/validate', 10));
    await eventually(60, async () => (await attempt(configMap('c', { deny: 'yes' }))).stderr.includes('by its label'));
    expect((await attempt(configMap('d'))).code).toBe(0);
    await worker.kubectl('scale', 'deployment/hook', '--replicas=0');
    await eventually(60, async () =>
      (await attempt(configMap('e'))).stderr.includes('no endpoints available for service "hook"'),
    );
    await apply(policy('Ignore', '/validate', 10));
    await eventually(60, async () => (await attempt(configMap('f'))).code === 0);
    await worker.kubectl('scale', 'deployment/hook', '--replicas=1');
    await worker.kubectl('delete', 'validatingwebhookconfiguration', 'policy');
  });

  controllerInPod(() => worker.kubectl);
});
