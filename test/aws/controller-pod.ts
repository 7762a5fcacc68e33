// A controller of @kubernetes/client-node in a pod of a worker, as operators are written: it follows what it cares for with an informer, by its
// pod's service account, at kubernetes.default.svc. Run beside other tests of a worker.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import type { Kubectl } from '../tools/kubectl.ts';
import { nodeImage } from '../tools/webhook-pod.ts';

/** Makes of each ConfigMap with the label `wanted` a Secret of the same name and data, and takes it back with it. */
const program = `
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
const config = new KubeConfig();
config.loadFromCluster();
const core = config.makeApiClient(CoreV1Api);
const namespace = 'controlled';
const labelSelector = 'wanted=yes';
const follow = makeInformer(config, '/api/v1/namespaces/' + namespace + '/configmaps',
  () => core.listNamespacedConfigMap({ namespace, labelSelector }), labelSelector);
const ownedBy = ({ name, uid }) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
async function reconcile({ metadata, data }) {
  const body = { metadata: { name: metadata.name, ownerReferences: [ownedBy(metadata)] }, stringData: data };
  try {
    await core.createNamespacedSecret({ namespace, body });
  } catch (error) {
    if (error.code !== 409) throw error;
    await core.replaceNamespacedSecret({ namespace, name: metadata.name, body });
  }
  console.log('made', metadata.name);
}
const queue = [];
let running = false;
async function work(each) {
  queue.push(each);
  if (running) return;
  running = true;
  while (queue.length > 0) await reconcile(queue.shift());
  running = false;
}
follow.on('add', work);
follow.on('update', work);
follow.on('error', (error) => { console.error('the watch ended:', error); setTimeout(() => follow.start(), 1000); });
process.on('SIGTERM', () => process.exit(0));
await follow.start();
console.log('follows');
`;

/** Registers the test; `reach` is called when it runs. */
export function controllerInPod(reach: () => Kubectl): void {
  describe('a controller of @kubernetes/client-node in a pod', () => {
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'zeroplane-controller-'));
      await build({
        stdin: { contents: program, resolveDir: import.meta.dirname },
        ...{ bundle: true, platform: 'node', format: 'esm', target: 'node24', minify: true, logLevel: 'error' },
        // What of it is CommonJS asks for Node's modules by require.
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
        outfile: join(folder, 'controller.mjs'),
      });
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('makes what its objects ask for, and follows them', { timeout: 300_000 }, async () => {
      const kubectl = reach();
      const apply = (...items: object[]) =>
        kubectl.input(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
      await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'controlled' } });
      await apply(...objects(folder));
      await kubectl('-n', 'controlled', 'rollout', 'status', 'deployment/controller', '--timeout=240s');
      await eventually(60, async () =>
        (await kubectl('-n', 'controlled', 'logs', 'deploy/controller')).includes('follows'),
      );

      const wanted = (name: string, key: string) => ({
        ...{ apiVersion: 'v1', kind: 'ConfigMap', data: { key } },
        metadata: { name, namespace: 'controlled', labels: { wanted: 'yes' } },
      });
      const key = (name: string) =>
        kubectl.attempt('-n', 'controlled', 'get', 'secret', name, '-o', 'jsonpath={.data.key}');
      const holds = async (name: string, text: string) =>
        (await key(name)).stdout === Buffer.from(text).toString('base64');
      await apply(wanted('one', 'first'), wanted('two', 'first'));
      await eventually(60, async () => (await holds('one', 'first')) && (await holds('two', 'first')));
      await apply(wanted('one', 'second'));
      await eventually(60, async () => await holds('one', 'second'));
      await kubectl('-n', 'controlled', 'delete', 'configmap', 'two');
      await eventually(60, async () => (await key('two')).code !== 0);
      expect((await key('one')).code).toBe(0);
      const log = await kubectl('-n', 'controlled', 'logs', 'deploy/controller');
      expect(log).not.toContain('the watch ended');
      await kubectl('delete', 'namespace', 'controlled', '--wait=false');
    });
  });
}

function objects(folder: string): object[] {
  const metadata = { name: 'controller', namespace: 'controlled' };
  const labels = { app: 'controller' };
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'Role', metadata },
      rules: [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] },
        { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'update'] },
      ],
    },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'controller' },
      subjects: [{ kind: 'ServiceAccount', name: 'controller', namespace: 'controlled' }],
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: 'controller',
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                ...{ name: 'main', image: nodeImage, command: ['node', '/program/controller.mjs'] },
                volumeMounts: [{ name: 'program', mountPath: '/program', readOnly: true }],
              },
            ],
            volumes: [{ name: 'program', hostPath: { path: folder, type: 'Directory' } }],
          },
        },
      },
    },
  ];
}
