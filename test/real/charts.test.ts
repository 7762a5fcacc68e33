// A chart as products ship theirs, through its life with the real helm: definitions in crds/, objects of each, hooks in their order, what
// is looked up in the cluster, values that are empty, an upgrade, one that fails, a rollback, an end.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KubectlServer, openKubectl } from '../../functions/apiserver/testing/open-kubectl.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { runTool, tool } from '../tools/kubectl.ts';
import { definitionOf, objectOf, products } from './products.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const namespace = '/api/v1/namespaces/default';
const deployment = '/apis/apps/v1/namespaces/default/deployments/product';

let t: TestApi;
let server: KubectlServer;
let folder: string;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  server = await openKubectl(t);
  folder = mkdtempSync(join(tmpdir(), 'chart-'));
  writeChart();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.close();
  await t?.close();
});

const run = (...args: string[]) =>
  runTool(tool('helm'), [...args, '--kubeconfig', server.kubeconfig, '--namespace', 'default']);

async function helm(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect(code, `helm ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

/** Objects without nulls, which helm drops, and without what would be pruned, which a server-side apply refuses. */
const objects = products.flatMap((each) =>
  each.construct.accepted
    .filter(({ kept }) => !JSON.stringify(kept).includes('null'))
    .map(({ kept }, index) => ({ each, name: `charted-${index}`, kept })),
);

/** What most charts write whether it is asked for or not. */
const emptyValues = {
  hostNetwork: false,
  nodeSelector: {},
  tolerations: [],
  affinity: {},
  imagePullSecrets: [],
  priorityClassName: '',
  env: [],
  resources: {},
};

function writeChart(): void {
  const chart = join(folder, 'product');
  for (const each of ['templates', 'crds']) mkdirSync(join(chart, each), { recursive: true });
  const write = (name: string, content: string) => writeFileSync(join(chart, name), content);
  write('Chart.yaml', 'apiVersion: v2\nname: product\nversion: 1.0.0\n');
  write('values.yaml', JSON.stringify({ replicas: 1, broken: false, ...emptyValues }));
  for (const each of products) write(`crds/${each.plural}.yaml`, JSON.stringify(definitionOf(each)));
  for (const { each, name, kept } of objects)
    write(`templates/${each.plural}-${name}.yaml`, JSON.stringify(objectOf(each, name, kept)));
  write(
    'templates/deployment.yaml',
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: product}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: product}}
  template:
    metadata: {labels: {app: product}, annotations: {}}
    spec:
      hostNetwork: {{ .Values.hostNetwork }}
      nodeSelector: {{ toJson .Values.nodeSelector }}
      tolerations: {{ toJson .Values.tolerations }}
      affinity: {{ toJson .Values.affinity }}
      imagePullSecrets: {{ toJson .Values.imagePullSecrets }}
      priorityClassName: {{ quote .Values.priorityClassName }}
      containers:
      - name: main
        image: example.com/app:1
        env: {{ toJson .Values.env }}
        resources: {{ toJson .Values.resources }}
`,
  );
  // A password that is made once: later it is looked up.
  write(
    'templates/password.yaml',
    `apiVersion: v1
kind: Secret
metadata: {name: password, annotations: {helm.sh/resource-policy: keep}}
data:
{{- $before := lookup "v1" "Secret" .Release.Namespace "password" }}
  password: {{ if $before }}{{ $before.data.password }}{{ else }}{{ randAlphaNum 16 | b64enc }}{{ end }}
`,
  );
  write(
    'templates/broken.yaml',
    '{{ if .Values.broken }}apiVersion: v1\nkind: Service\nmetadata: {name: broken}\nspec: {ports: [{port: 99999}]}\n{{ end }}',
  );
  const hook = (name: string, when: string, weight: number, policy: string) =>
    write(
      `templates/hook-${name}.yaml`,
      `apiVersion: v1
kind: ConfigMap
metadata:
  name: hook-${name}
  annotations: {helm.sh/hook: "${when}", helm.sh/hook-weight: "${weight}", helm.sh/hook-delete-policy: ${policy}}
data: {revision: "{{ .Release.Revision }}"}
`,
    );
  hook('second', 'pre-install,pre-upgrade', 5, 'before-hook-creation');
  hook('first', 'pre-install,pre-upgrade', -5, 'before-hook-creation');
  hook('passing', 'post-install', 0, 'hook-succeeded');
  hook('last', 'pre-delete', 0, 'before-hook-creation');
}

it('is installed, upgraded without a change, changed, fails, goes back and ends', { timeout: 600_000 }, async () => {
  const chart = join(folder, 'product');
  const versionsOf = async () => {
    const paths = [
      deployment,
      `${namespace}/secrets/password`,
      ...objects.map(({ each, name }) => `${each.path}/${name}`),
    ];
    return Promise.all(
      paths.map(async (path) => {
        const { status, body, text } = await t.get(path);
        expect(status, text).toBe(200);
        return [path, body.metadata.generation, body.metadata.uid];
      }),
    );
  };
  const hookAt = async (name: string) => (await t.get(`${namespace}/configmaps/hook-${name}`)).body;
  const passwordAt = async () => (await t.get(`${namespace}/secrets/password`)).body.data.password;

  await helm('upgrade', '--install', 'product', chart);
  for (const { each, name, kept } of objects) {
    const { apiVersion, kind, metadata, ...content } = (await t.get(`${each.path}/${name}`)).body;
    expect(content).toEqual(kept);
  }
  const [first, second] = [await hookAt('first'), await hookAt('second')];
  expect([first.data, second.data]).toEqual([{ revision: '1' }, { revision: '1' }]);
  expect(Number(first.metadata.resourceVersion)).toBeLessThan(Number(second.metadata.resourceVersion));
  expect((await t.get(`${namespace}/configmaps/hook-passing`)).status).toBe(404);
  const [before, password] = [await versionsOf(), await passwordAt()];

  // Again: no object is another one. With what was empty left out or null: neither.
  await helm('upgrade', 'product', chart);
  expect(await versionsOf()).toEqual(before);
  await helm('upgrade', 'product', chart, '--set-json', 'tolerations=null,affinity=null,hostNetwork=null');
  expect(await versionsOf()).toEqual(before);
  expect(await passwordAt()).toBe(password);
  expect((await hookAt('first')).data).toEqual({ revision: '3' });

  await helm('upgrade', 'product', chart, '--set', 'replicas=2,nodeSelector.disk=ssd');
  const changed = (await t.get(deployment)).body;
  expect(changed).toMatchObject({ spec: { replicas: 2, template: { spec: { nodeSelector: { disk: 'ssd' } } } } });

  const failed = await run('upgrade', 'product', chart, '--set', 'broken=true');
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('must be between 1 and 65535')]);
  expect((await t.get(`${namespace}/services/broken`)).status).toBe(404);

  await helm('rollback', 'product', '1');
  const back = (await t.get(deployment)).body;
  expect(back.spec).toMatchObject({ replicas: 1 });
  expect(back.spec.template.spec).not.toHaveProperty('nodeSelector');
  const history: { status: string }[] = JSON.parse(await helm('history', 'product', '-o', 'json'));
  expect(history.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 4 }, () => 'superseded'),
    'failed',
    'deployed',
  ]);

  await helm('uninstall', 'product');
  // The hooks of what the rollback went back to.
  expect((await hookAt('last')).data).toEqual({ revision: '1' });
  // What is kept stays; definitions of crds/ stay as well.
  expect(await passwordAt()).toBe(password);
  expect((await t.get(deployment)).status).toBe(404);
  for (const { each, name } of objects) expect((await t.get(`${each.path}/${name}`)).status).toBe(404);
  expect((await t.get(crds)).body.items).toHaveLength(products.length);
});
