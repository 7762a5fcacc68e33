import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubectlServer, openKubectl } from '../../functions/apiserver/testing/open-kubectl.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { conformance } from './conformance.ts';

let t: TestApi;
let server: KubectlServer;
let folder: string;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  server = await openKubectl(t);
  folder = mkdtempSync(join(tmpdir(), 'conformance-'));
});

afterAll(async () => {
  await server.close();
  await t.close();
  rmSync(folder, { recursive: true, force: true });
});

const controller = (name: string, replicas: number) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name },
    spec: {
      replicas,
      selector: { app: name },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'busybox:1' }] } },
    },
  });

describe('kubectl', { timeout: 60_000 }, () => {
  conformance('Kubectl client Kubectl api-versions should check if v1 is in available api versions', async () => {
    expect((await server.kubectl('api-versions')).split('\n')).toContain('v1');
  });

  conformance('Kubectl client Kubectl version should check is all data is printed', async () => {
    const text = await server.kubectl('version');
    for (const each of ['Client Version:', 'Server Version:']) expect(text).toContain(each);
  });

  conformance(
    'Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info',
    async () => {
      expect(await server.kubectl('cluster-info')).toContain('Kubernetes control plane');
    },
  );

  conformance('Kubectl client Kubectl run pod should create a pod from an image when restart is Never', async () => {
    await server.kubectl('run', 'once', '--restart=Never', '--image=busybox:1');
    expect((await t.get('/api/v1/namespaces/default/pods/once')).body.spec).toMatchObject({
      restartPolicy: 'Never',
      containers: [{ image: 'busybox:1' }],
    });
  });

  conformance('Kubectl client Kubectl label should update the label on a resource', async () => {
    await server.kubectl('run', 'labelled', '--image=busybox:1');
    await server.kubectl('label', 'pods', 'labelled', 'testing-label=testing-label-value');
    expect(await server.kubectl('get', 'pod', 'labelled', '-L', 'testing-label')).toContain('testing-label-value');
    await server.kubectl('label', 'pods', 'labelled', 'testing-label-');
    expect(await server.kubectl('get', 'pod', 'labelled', '-L', 'testing-label')).not.toContain('testing-label-value');
  });

  conformance("Kubectl client Kubectl replace should update a single-container pod's image", async () => {
    await server.kubectl('run', 'replaced', '--image=httpd:1', '--labels=run=replaced');
    const json = await server.kubectl('get', 'pod', 'replaced', '-o', 'json');
    await server.kubectl.input(json.replaceAll('httpd:1', 'busybox:1'), 'replace', '-f', '-');
    expect(await server.kubectl('get', 'pod', 'replaced', '-o', 'jsonpath={.spec.containers[0].image}')).toBe(
      'busybox:1',
    );
  });

  conformance(
    'Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods',
    async () => {
      await server.kubectl('run', 'dry', '--image=httpd:1');
      await server.kubectl(
        'patch',
        'pod',
        'dry',
        '-p',
        '{"spec":{"containers":[{"name":"dry","image":"busybox:1"}]}}',
        '--dry-run=server',
      );
      expect(await server.kubectl('get', 'pod', 'dry', '-o', 'jsonpath={.spec.containers[0].image}')).toBe('httpd:1');
    },
  );

  conformance(
    'Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments',
    async () => {
      await server.kubectl('create', 'deployment', 'differs', '--image=httpd:1');
      const json = await server.kubectl('get', 'deployment', 'differs', '-o', 'json');
      writeFileSync(join(folder, 'differs.json'), json.replaceAll('httpd:1', 'busybox:1'));
      const { code, stdout } = await server.kubectl.attempt('diff', '-f', join(folder, 'differs.json'));
      expect(code).toBe(1);
      expect(stdout).toMatch(/-.*httpd:1[\s\S]*\+.*busybox:1/);
    },
  );

  conformance('Kubectl client Kubectl expose should create services for rc', async () => {
    await server.kubectl.input(controller('exposed', 1), 'create', '-f', '-');
    await server.kubectl('expose', 'rc', 'exposed', '--name=rm2', '--port=1234', '--target-port=6379');
    expect((await t.get('/api/v1/namespaces/default/services/rm2')).body.spec).toMatchObject({
      selector: { app: 'exposed' },
      ports: [{ port: 1234, targetPort: 6379 }],
    });
    await server.kubectl('expose', 'service', 'rm2', '--name=rm3', '--port=2345', '--target-port=6379');
    expect((await t.get('/api/v1/namespaces/default/services/rm3')).body.spec.ports).toMatchObject([{ port: 2345 }]);
  });

  it('builds and applies a kustomization (-k)', async () => {
    const base = join(folder, 'kustomize');
    mkdirSync(base);
    writeFileSync(join(base, 'cm.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {k: v}\n');
    writeFileSync(
      join(base, 'kustomization.yaml'),
      'namePrefix: dev-\nlabels: [{pairs: {env: dev}}]\nresources: [cm.yaml]\n',
    );
    await server.kubectl('apply', '-k', base);
    expect((await t.get('/api/v1/namespaces/default/configmaps/dev-app')).body).toMatchObject({
      metadata: { labels: { env: 'dev' } },
      data: { k: 'v' },
    });
    await server.kubectl('delete', '-k', base);
    expect((await t.get('/api/v1/namespaces/default/configmaps/dev-app')).status).toBe(404);
  });

  it('explains custom resources by their schema', async () => {
    const spec = {
      type: 'object',
      description: 'What is wanted.',
      properties: { size: { type: 'integer', description: 'How large it is.' } },
    };
    const version = {
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
    };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [version],
      },
    };
    await server.kubectl.input(JSON.stringify(crd), 'apply', '-f', '-');
    await server.kubectl('wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=10s');
    await expect
      .poll(async () => (await server.kubectl.attempt('explain', 'widgets.spec.size')).stdout, { timeout: 10_000 })
      .toContain('How large it is.');
  });
});
