import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateRequest } from '../../core/certificates/testing.ts';
import { type Kubectl, tool } from '../../test/tools/kubectl.ts';
import type { ApiServer } from './handler.ts';
import { type KubectlServer, openKubectl } from './testing/open-kubectl.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
let server: KubectlServer;
let kubectl: Kubectl;
/** `METHOD path` of every request that had a protobuf body, of every one that was answered in it, and of every watch in it. */
const sent: string[] = [];
const answered: string[] = [];
const watched: string[] = [];

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  const { api } = t;
  const recorded: ApiServer = {
    ...api,
    async handle(request) {
      const response = await api.handle(request);
      const line = `${request.method} ${request.path}`;
      if (request.headers['content-type']?.includes('protobuf')) sent.push(line);
      if (String(response.headers['content-type']).includes('protobuf')) answered.push(line);
      if (String(response.headers['content-type']).includes('protobuf;stream=watch')) watched.push(line);
      return response;
    },
  };
  server = await openKubectl({ ...t, api: recorded });
  ({ kubectl } = server);
});

afterAll(async () => {
  await server.close();
  await t.close();
});

/** Fields of an object as the server holds it. */
async function held(path: string) {
  const { status, body } = await t.get(path);
  expect(status, path).toBe(200);
  return body;
}

const inDefault = (resource: string, group = '') =>
  group === '' ? `/api/v1/namespaces/default/${resource}` : `/apis/${group}/namespaces/default/${resource}`;

describe('kubectl 1.36 over protobuf', () => {
  it('creates objects of every kind that it has a command for', async () => {
    await kubectl('create', 'namespace', 'team');
    expect(await held('/api/v1/namespaces/team')).toMatchObject({
      kind: 'Namespace',
      spec: { finalizers: ['kubernetes'] },
    });

    await kubectl('create', 'configmap', 'settings', '--from-literal=a=b', '--from-literal=empty=');
    expect((await held(inDefault('configmaps/settings'))).data).toEqual({ a: 'b', empty: '' });

    await kubectl('create', 'secret', 'generic', 'keys', '--from-literal=a=b');
    expect(await held(inDefault('secrets/keys'))).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });

    await kubectl('create', 'serviceaccount', 'robot');
    expect((await held(inDefault('serviceaccounts/robot'))).kind).toBe('ServiceAccount');

    await kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=2', '--port=80');
    expect((await held(inDefault('deployments/web', 'apps/v1'))).spec).toMatchObject({
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        spec: { containers: [{ name: 'nginx', image: 'nginx', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
      },
    });

    await kubectl('create', 'job', 'once', '--image=busybox', '--', 'date', '-u');
    expect((await held(inDefault('jobs/once', 'batch/v1'))).spec.template.spec).toMatchObject({
      restartPolicy: 'Never',
      containers: [{ name: 'once', image: 'busybox', command: ['date', '-u'] }],
    });

    await kubectl('create', 'cronjob', 'often', '--image=busybox', '--schedule=*/5 * * * *');
    expect((await held(inDefault('cronjobs/often', 'batch/v1'))).spec.schedule).toBe('*/5 * * * *');

    await kubectl('create', 'service', 'clusterip', 'front', '--tcp=80:8080', '--tcp=443:https');
    expect((await held(inDefault('services/front'))).spec.ports).toMatchObject([
      { port: 80, targetPort: 8080 },
      { port: 443, targetPort: 'https' },
    ]);

    await kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=pods', '--resource-name=one');
    expect((await held(inDefault('roles/reader', 'rbac.authorization.k8s.io/v1'))).rules).toEqual([
      { apiGroups: [''], resources: ['pods'], resourceNames: ['one'], verbs: ['get', 'list'] },
    ]);
    await kubectl('create', 'rolebinding', 'reads', '--role=reader', '--serviceaccount=default:robot', '--user=jane');
    expect((await held(inDefault('rolebindings/reads', 'rbac.authorization.k8s.io/v1'))).subjects).toEqual([
      { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
    ]);
    await kubectl('create', 'clusterrole', 'sums', '--aggregation-rule=a=b');
    expect((await held('/apis/rbac.authorization.k8s.io/v1/clusterroles/sums')).aggregationRule).toEqual({
      clusterRoleSelectors: [{ matchLabels: { a: 'b' } }],
    });
    await kubectl('create', 'clusterrolebinding', 'all', '--clusterrole=sums', '--group=team');

    await kubectl('create', 'quota', 'limits', '--hard=cpu=500m,pods=10');
    expect((await held(inDefault('resourcequotas/limits'))).spec.hard).toEqual({ cpu: '500m', pods: '10' });

    await kubectl('create', 'poddisruptionbudget', 'two', '--selector=app=web', '--min-available=50%');
    expect((await held(inDefault('poddisruptionbudgets/two', 'policy/v1'))).spec).toMatchObject({
      minAvailable: '50%',
      selector: { matchLabels: { app: 'web' } },
    });

    await kubectl('create', 'ingress', 'outside', '--rule=example.com/*=front:80', '--class=any');
    expect((await held(inDefault('ingresses/outside', 'networking.k8s.io/v1'))).spec.rules[0].http.paths).toEqual([
      { path: '/', pathType: 'Prefix', backend: { service: { name: 'front', port: { number: 80 } } } },
    ]);

    await kubectl('create', 'priorityclass', 'high', '--value=1000', '--description=first');
    expect(await held('/apis/scheduling.k8s.io/v1/priorityclasses/high')).toMatchObject({
      value: 1000,
      description: 'first',
    });

    for (const path of [
      '/api/v1/namespaces',
      inDefault('configmaps'),
      inDefault('secrets'),
      inDefault('serviceaccounts'),
      inDefault('deployments', 'apps/v1'),
      inDefault('jobs', 'batch/v1'),
      inDefault('services'),
      inDefault('roles', 'rbac.authorization.k8s.io/v1'),
      inDefault('rolebindings', 'rbac.authorization.k8s.io/v1'),
      inDefault('resourcequotas'),
      inDefault('poddisruptionbudgets', 'policy/v1'),
      inDefault('ingresses', 'networking.k8s.io/v1'),
      '/apis/scheduling.k8s.io/v1/priorityclasses',
    ])
      expect(sent, path).toContain(`POST ${path}`);
    // It reads what it created from protobuf, too.
    expect(answered).toContain('POST /api/v1/namespaces');
  });

  it('issues a token for a service account', async () => {
    const missing = await kubectl.attempt('create', 'token', 'nobody');
    expect(missing.stderr).toBe('error: failed to create token: serviceaccounts "nobody" not found\n');
    await kubectl('create', 'serviceaccount', 'issuer');
    expect(await kubectl('create', 'token', 'issuer', '--duration=20m')).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(sent).toContain(`POST ${inDefault('serviceaccounts/issuer/token')}`);
  });

  it('taints, cordons, labels and annotates', async () => {
    await t.post('/api/v1/nodes', { metadata: { name: 'n1' } });
    await kubectl('taint', 'nodes', 'n1', 'dedicated=team:NoSchedule');
    await kubectl('cordon', 'n1');
    await kubectl('label', 'node', 'n1', 'zone=a');
    await kubectl('annotate', 'node', 'n1', 'note=mine');
    expect(await held('/api/v1/nodes/n1')).toMatchObject({
      metadata: { labels: { zone: 'a' }, annotations: { note: 'mine' } },
      spec: {
        unschedulable: true,
        taints: expect.arrayContaining([{ key: 'dedicated', value: 'team', effect: 'NoSchedule' }]),
      },
    });
    await kubectl('uncordon', 'n1');
    await kubectl('taint', 'nodes', 'n1', 'dedicated-');
    expect((await held('/api/v1/nodes/n1')).spec.unschedulable).toBeUndefined();
  });

  it('reads lists and single objects, and waits by watching', async () => {
    await kubectl('create', 'configmap', 'waited', '--from-literal=a=b');
    const describe = await kubectl('describe', 'configmap', 'waited');
    expect(describe).toMatch(/Name: +waited/);
    expect(answered).toContain(`GET ${inDefault('configmaps/waited')}`);
    expect(await kubectl('describe', 'deployment', 'web')).toMatch(/Image: +nginx/);
    const gone = kubectl('wait', '--for=delete', 'configmap/waited', '--timeout=20s');
    await kubectl('delete', 'configmap', 'waited');
    await gone;
    expect(await kubectl('rollout', 'history', 'deployment/web')).toContain('deployment.apps/web');
  });

  it('watches events as frames', async () => {
    const event = (name: string, message: string) =>
      t.post(inDefault('events'), {
        metadata: { name },
        type: 'Normal',
        reason: 'Tested',
        message,
        involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'seen' },
        lastTimestamp: new Date().toISOString(),
      });
    await event('first', 'was there before');
    const child = spawn(tool('kubectl'), ['--kubeconfig', server.kubeconfig, 'events', '--watch'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      await expect.poll(() => output).toContain('was there before');
      await event('second', 'came while watching');
      await expect.poll(() => output).toContain('came while watching');
      expect(watched).toContain(`GET ${inDefault('events')}`);
    } finally {
      child.kill();
      await once(child, 'close');
    }
  });

  it('writes subresources and reviews', async () => {
    await t.post('/api/v1/nodes', { metadata: { name: 'n2' } });
    await kubectl('create', 'namespace', 'drained');
    await kubectl('create', 'serviceaccount', 'default', '--namespace=drained');
    const pods = '/api/v1/namespaces/drained/pods';
    const pod = await t.post(pods, {
      metadata: { name: 'drained' },
      spec: { nodeName: 'n2', containers: [{ name: 'c', image: 'busybox' }] },
    });
    expect(pod.status).toBe(201);
    await kubectl('drain', 'n2', '--force', '--grace-period=0', '--timeout=20s');
    expect(answered).toContain('GET /api/v1/pods');
    expect((await t.get(`${pods}/drained`)).status).toBe(404);

    await kubectl('autoscale', 'deployment', 'web', '--max=5', '--cpu=70%');
    expect((await held(inDefault('horizontalpodautoscalers/web', 'autoscaling/v2'))).spec).toMatchObject({
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
    });

    const encoded = Buffer.from((await certificateRequest('jane')).request).toString('base64');
    await t.post('/apis/certificates.k8s.io/v1/certificatesigningrequests', {
      metadata: { name: 'asked' },
      spec: { request: encoded, signerName: 'example.com/signer', usages: ['client auth'] },
    });
    await kubectl('certificate', 'approve', 'asked');
    const request = '/apis/certificates.k8s.io/v1/certificatesigningrequests/asked';
    expect(sent).toContain(`PUT ${request}/approval`);
    expect((await held(request)).status.conditions).toMatchObject([{ type: 'Approved', status: 'True' }]);

    expect(await kubectl('auth', 'can-i', 'create', 'pods', '--subresource=exec')).toBe('yes\n');
    expect(sent).toContain('POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews');
    expect(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.groups}')).toContain('system:masters');
  });

  it('takes a deployment back to its revision before', async () => {
    const deployment = await held(inDefault('deployments/web', 'apps/v1'));
    const { uid } = deployment.metadata;
    for (const [revision, image] of [
      ['1', 'nginx:older'],
      ['2', 'nginx'],
    ] as const) {
      const labels = { app: 'web', 'pod-template-hash': revision };
      const { status } = await t.post(inDefault('replicasets', 'apps/v1'), {
        metadata: {
          name: `web-${revision}`,
          labels,
          annotations: { 'deployment.kubernetes.io/revision': revision },
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid, controller: true }],
        },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'nginx', image }] } },
        },
      });
      expect(status).toBe(201);
    }
    // As the deployment's controller does for every revision.
    await kubectl('annotate', 'deployment', 'web', 'deployment.kubernetes.io/revision=2');
    await kubectl('rollout', 'undo', 'deployment/web', '--to-revision=1');
    const { spec } = await held(inDefault('deployments/web', 'apps/v1'));
    expect(spec.template.spec.containers[0].image).toBe('nginx:older');
    expect(answered).toContain(`GET ${inDefault('replicasets', 'apps/v1')}`);
  });

  it('is told of failures', async () => {
    const again = await kubectl.attempt('create', 'namespace', 'team');
    expect(again).toMatchObject({
      code: 1,
      stderr: 'Error from server (AlreadyExists): namespaces "team" already exists\n',
    });
    const invalid = await kubectl.attempt('create', 'service', 'clusterip', 'Bad_Name', '--tcp=80');
    expect(invalid.stderr).toMatch(/Service "Bad_Name" is invalid: metadata.name: Invalid value/);
  });
});
