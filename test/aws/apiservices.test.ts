// An extension API server in a pod of a worker that nothing can dial: functions outside of the pods' network pass requests on to it, and keep
// what its APIService says of it. Real containers; needs root.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImages, packageImages } from '../../local/example-images.ts';
import { eventually } from '../tools/cluster.ts';
import { createHookPod, nodeImage, thingsGroup, thingsService } from '../tools/webhook-pod.ts';
import { type AwsWorker, startAwsWorker } from './harness/worker.ts';

describe.skipIf(process.getuid?.() !== 0)('APIServices of servers in pods (needs root)', () => {
  const service = `apiservice/v1.${thingsGroup}`;
  const things = `/apis/${thingsGroup}/v1/namespaces/default/things`;
  let worker: AwsWorker;

  beforeAll(async () => {
    const images = [...busyboxImages, ...packageImages.filter(({ name }) => name === nodeImage)];
    worker = await startAwsWorker('zpaas', '10.210.80.1', { streamDelayMs: 200 }, images);
    // As any extension API server knows whom to believe.
    const read = ['get', 'configmap', '-n', 'kube-system', 'extension-apiserver-authentication', '-o', 'json'];
    const { data } = JSON.parse(await worker.kubectl(...read));
    expect(JSON.parse(data['requestheader-allowed-names'])).toEqual(['front-proxy-client']);
    const hook = await createHookPod({ requestHeaderCA: data['requestheader-client-ca-file'] });
    await apply(...hook.objects, thingsService(hook));
    await worker.kubectl('rollout', 'status', 'deployment/hook', '--timeout=300s');
    // A cluster, a worker and two images: a busy machine takes minutes.
  }, 900_000);
  afterAll(() => worker?.stop());

  const apply = (...items: object[]) =>
    worker.kubectl.input(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
  const available = (status: string) =>
    worker.kubectl('wait', `--for=condition=Available=${status}`, service, '--timeout=120s');

  it('are available once their endpoints are ready, and are in discovery', async () => {
    await available('true');
    await eventually(60, async () =>
      (await worker.kubectl('api-resources', '--api-group', thingsGroup)).includes('Thing'),
    );
  });

  it('get requests of whoever may, with the name that the function found out', async () => {
    const { items } = JSON.parse(await worker.kubectl('get', '--raw', things));
    expect(items[0].metadata.name).toMatch(/^asked-by-arn:aws:iam::\d+:role\/test-admin/);
    await worker.kubectl('create', 'serviceaccount', 'asker');
    const asAsker = ['--as', 'system:serviceaccount:default:asker'];
    expect((await worker.kubectl.attempt('get', '--raw', things, ...asAsker)).stderr).toContain('Forbidden');
    await worker.kubectl('create', 'clusterrole', 'things', '--verb=get,list', `--resource=things.${thingsGroup}`);
    await worker.kubectl(
      'create',
      'clusterrolebinding',
      'things',
      '--clusterrole=things',
      '--serviceaccount=default:asker',
    );
    await eventually(60, async () =>
      (await worker.kubectl.attempt('get', '--raw', things, ...asAsker)).stdout.includes(
        'asked-by-system:serviceaccount:default:asker',
      ),
    );
  });

  it('are trusted by their caBundle alone', async () => {
    const other = await createHookPod();
    await worker.kubectl(
      'patch',
      service,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { caBundle: other.caBundle } }),
    );
    await available('false');
    const { status } = JSON.parse(await worker.kubectl('get', service, '-o', 'json'));
    expect(status.conditions[0]).toMatchObject({ reason: 'FailedDiscoveryCheck' });
    expect((await worker.kubectl.attempt('get', '--raw', things)).stderr).toContain('is not available');
  });

  it('say why they are not there, and empty nothing that they cannot reach', async () => {
    await worker.kubectl('scale', 'deployment/hook', '--replicas=0');
    await eventually(60, async () =>
      (await worker.kubectl('get', service, '-o', 'jsonpath={.status.conditions[0].reason}')).includes(
        'MissingEndpoints',
      ),
    );
    await worker.kubectl('create', 'namespace', 'ending');
    await worker.kubectl('delete', 'namespace', 'ending', '--wait=false');
    const conditions = () => worker.kubectl('get', 'namespace', 'ending', '-o', 'jsonpath={.status.conditions}');
    await eventually(60, async () => (await conditions()).includes('AggregatedContentDeleted'));
    // With the APIService goes what it waited for.
    await worker.kubectl('delete', service);
    await eventually(120, async () => (await worker.kubectl.attempt('get', 'namespace', 'ending')).code !== 0);
  });

  it('are reached through services/proxy and pods/proxy, too', async () => {
    await worker.kubectl('run', 'web', '--image=zeroplane.local/web:1', '--port=8080', '--expose');
    await worker.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=120s');
    const base = '/api/v1/namespaces/default';
    await eventually(60, async () =>
      (await worker.kubectl.attempt('get', '--raw', `${base}/services/web:8080/proxy/index.html`)).stdout.includes(
        'It works',
      ),
    );
    expect(await worker.kubectl('get', '--raw', `${base}/pods/web:8080/proxy/index.html`)).toContain('It works');
  });
});
