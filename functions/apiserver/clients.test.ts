import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTool, tool } from '../../test/tools/kubectl.ts';
import { type KubectlServer, openKubectl } from './testing/open-kubectl.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
let server: KubectlServer;
let folder: string;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
  server = await openKubectl(t);
  folder = mkdtempSync(join(tmpdir(), 'clients-'));
});

afterEach(async () => {
  await server.close();
  await t.close();
  rmSync(folder, { recursive: true, force: true });
});

const configmaps = '/api/v1/namespaces/default/configmaps';

describe('helm 4', { timeout: 120_000 }, () => {
  async function helm(...args: string[]): Promise<string> {
    const home = ['--kubeconfig', server.kubeconfig, '--namespace', 'default'];
    const { code, stdout, stderr } = await runTool(tool('helm'), [...args, ...home]);
    if (code !== 0) throw new Error(`helm ${args.join(' ')} exited ${code}: ${stderr}`);
    return stdout;
  }

  it('installs, tests, upgrades, rolls back and uninstalls a chart with hooks and a custom resource', async () => {
    const chart = join(folder, 'chart');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    mkdirSync(join(chart, 'crds'));
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: demo\nversion: 1.0.0\n');
    writeFileSync(join(chart, 'values.yaml'), 'size: 1\n');
    const schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
    };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gadgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'gadgets', kind: 'Gadget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    };
    writeFileSync(join(chart, 'crds', 'gadgets.yaml'), JSON.stringify(crd));
    const template = (name: string, text: string) => writeFileSync(join(chart, 'templates', name), text);
    template(
      'gadget.yaml',
      'apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {size: {{ .Values.size }}}\n',
    );
    const hook = (name: string, when: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, annotations: {helm.sh/hook: ${when}}}\ndata: {revision: "{{ .Release.Revision }}"}\n`;
    template('before.yaml', hook('before', 'pre-install'));
    template('check.yaml', hook('check', 'test'));

    await helm('install', 'demo', chart);
    const gadget = async () => (await t.get('/apis/example.com/v1/namespaces/default/gadgets/g')).body;
    expect((await gadget()).spec).toEqual({ size: 1 });
    expect((await t.get(`${configmaps}/before`)).body.data).toEqual({ revision: '1' });
    await helm('test', 'demo');
    expect((await t.get(`${configmaps}/check`)).status).toBe(200);
    await helm('upgrade', 'demo', chart, '--set', 'size=2');
    expect((await gadget()).spec).toEqual({ size: 2 });
    await helm('rollback', 'demo', '1');
    expect((await gadget()).spec).toEqual({ size: 1 });
    expect(JSON.parse(await helm('history', 'demo', '-o', 'json'))).toHaveLength(3);
    await helm('uninstall', 'demo');
    expect((await gadget()).reason).toBe('NotFound');
  });
});

describe('an informer of @kubernetes/client-node', { timeout: 30_000 }, () => {
  it('keeps its view over a compaction of the log', async () => {
    const config = new KubeConfig();
    config.loadFromFile(server.kubeconfig);
    const core = config.makeApiClient(CoreV1Api);
    const informer = makeInformer<V1ConfigMap>(config, configmaps, () =>
      core.listNamespacedConfigMap({ namespace: 'default' }),
    );
    let failures = 0;
    informer.on('error', () => {
      failures += 1;
      informer.start().catch(() => {});
    });
    const names = () =>
      informer
        .list('default')
        .map(({ metadata }) => metadata?.name)
        .sort();
    try {
      await t.post(configmaps, { metadata: { name: 'first' } });
      await informer.start();
      expect(names()).toEqual(['first']);
      await t.post(configmaps, { metadata: { name: 'second' } });
      await expect.poll(names, { timeout: 10_000 }).toEqual(['first', 'second']);
      await t.remove(`${configmaps}/first`);
      const revision = await (await t.replicas.of('configmaps')).catchUp();
      await t.store.compact('configmaps', revision);
      await t.post(configmaps, { metadata: { name: 'third' } });
      await expect.poll(names, { timeout: 10_000 }).toEqual(['second', 'third']);
      expect(failures).toBe(0);
    } finally {
      await informer.stop();
    }
  });
});
