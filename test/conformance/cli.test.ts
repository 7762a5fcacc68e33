import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { type KubectlServer, openKubectl } from '../../functions/apiserver/testing/open-kubectl.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { tool } from '../tools/kubectl.ts';
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

/** A `kubectl proxy` that serves, and where. */
async function openProxy(args: readonly string[]) {
  const child = spawn(tool('kubectl'), ['--kubeconfig', server.kubeconfig, 'proxy', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill();
    await ended;
  };
  child.stdout.setEncoding('utf8');
  let said = '';
  for await (const chunk of child.stdout as AsyncIterable<string>) {
    said += chunk;
    const [, address] = /Starting to serve on (\S+)/.exec(said) ?? [];
    if (address) return { address, close };
  }
  await close();
  throw new Error(`kubectl proxy ended: ${said}`);
}

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

  conformance('Kubectl client Kubectl patch should add annotations for pods in rc', async () => {
    await server.kubectl.input(controller('patched', 1), 'create', '-f', '-');
    await server.kubectl('run', 'patched', '--image=busybox:1', '--labels=app=patched');
    const names = await server.kubectl('get', 'pods', '-l', 'app=patched', '-o', 'name');
    for (const name of names.trim().split('\n'))
      await server.kubectl('patch', name, '-p', '{"metadata":{"annotations":{"x":"y"}}}');
    expect(
      await server.kubectl('get', 'pods', '-l', 'app=patched', '-o', 'jsonpath={.items[*].metadata.annotations.x}'),
    ).toBe('y');
  });

  conformance(
    'Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods',
    async () => {
      await server.kubectl.input(controller('described', 1), 'create', '-f', '-');
      await server.kubectl('expose', 'rc', 'described', '--port=6379', '--target-port=6379');
      const { uid } = (await t.get('/api/v1/namespaces/default/replicationcontrollers/described')).body.metadata;
      await t.post('/api/v1/nodes', { metadata: { name: 'worker' } });
      await t.post('/api/v1/namespaces/default/pods', {
        metadata: {
          name: 'described-1',
          labels: { app: 'described' },
          ownerReferences: [
            { apiVersion: 'v1', kind: 'ReplicationController', name: 'described', uid, controller: true },
          ],
        },
        spec: { nodeName: 'worker', containers: [{ name: 'c', image: 'busybox:1' }] },
      });
      await t.patch('/api/v1/namespaces/default/pods/described-1/status', 'application/merge-patch+json', {
        status: { phase: 'Running', podIP: '10.244.0.9', podIPs: [{ ip: '10.244.0.9' }] },
      });
      const lines = async (what: string, name: string, wanted: readonly RegExp[]) => {
        const text = await server.kubectl('describe', what, name);
        for (const each of wanted) expect(text).toMatch(each);
      };
      await lines('pod', 'described-1', [
        /^Name:\s+described-1$/m,
        /^Namespace:\s+default$/m,
        /^Node:\s+worker/m,
        /^Labels:\s+app=described$/m,
        /^Status:\s+Running$/m,
        /^IP:\s+10\.244\.0\.9$/m,
        /^Controlled By:\s+ReplicationController\/described$/m,
        /^\s+Image:\s+busybox:1$/m,
      ]);
      await lines('rc', 'described', [
        /^Name:\s+described$/m,
        /^Selector:\s+app=described$/m,
        /^Replicas:\s+0 current \/ 1 desired$/m,
        /^Pods Status:\s+1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m,
        /^Pod Template:/m,
      ]);
      await lines('service', 'described', [
        /^Selector:\s+app=described$/m,
        /^Type:\s+ClusterIP$/m,
        /^IP:\s+10\./m,
        /^Port:\s+<unset>\s+6379\/TCP$/m,
        /^TargetPort:\s+6379\/TCP$/m,
        /^Session Affinity:\s+None$/m,
      ]);
      await lines('node', 'worker', [/^Name:\s+worker$/m, /described-1/]);
      await lines('namespace', 'default', [/^Name:\s+default$/m, /^Status:\s+Active$/m]);
    },
  );

  conformance('Kubectl client Proxy server should support proxy with --port 0', async () => {
    const proxy = await openProxy(['--port', '0', '--disable-filter']);
    try {
      const answer = await fetch(`http://${proxy.address}/api/`);
      expect(await answer.json()).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    } finally {
      await proxy.close();
    }
  });

  conformance('Kubectl client Proxy server should support --unix-socket=/path', async () => {
    const socketPath = join(folder, 'proxy.sock');
    const proxy = await openProxy([`--unix-socket=${socketPath}`]);
    try {
      const text = await new Promise<string>((resolve, reject) => {
        request({ socketPath, path: '/api/' }, (response) => {
          response.setEncoding('utf8');
          let body = '';
          response.on('data', (chunk: string) => {
            body += chunk;
          });
          response.on('end', () => resolve(body));
        })
          .on('error', reject)
          .end();
      });
      expect(JSON.parse(text)).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    } finally {
      await proxy.close();
    }
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
    const version = servedVersion('v1', true, { type: 'object', properties: { spec } });
    const crd = customResourceDefinition({ versions: [version] });
    await server.kubectl.input(JSON.stringify(crd), 'apply', '-f', '-');
    await server.kubectl('wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=10s');
    await expect
      .poll(async () => (await server.kubectl.attempt('explain', 'widgets.spec.size')).stdout)
      .toContain('How large it is.');
    const all = await server.kubectl('explain', 'widgets');
    expect(all).toMatch(/FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*What is wanted/s);
  });
});
