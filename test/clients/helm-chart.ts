// A chart with hooks and a custom resource, through its whole life with the real helm 4. For every kind of API server.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { type Kubectl, runTool, tool } from '../tools/kubectl.ts';

export interface Clients {
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
}

/** Registers the test; `clients` is called when it runs. */
export function helmChart(clients: () => Clients): void {
  describe('helm 4', { timeout: 240_000 }, () => {
    async function helm(...args: string[]): Promise<string> {
      const home = ['--kubeconfig', clients().kubeconfig, '--namespace', 'default'];
      const { code, stdout, stderr } = await runTool(tool('helm'), [...args, ...home]);
      if (code !== 0) throw new Error(`helm ${args.join(' ')} exited ${code}: ${stderr}`);
      return stdout;
    }
    const read = async (...args: string[]) => JSON.parse(await clients().kubectl('get', ...args, '-o', 'json'));

    it('installs, tests, upgrades, rolls back and uninstalls a chart with hooks and a custom resource', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'chart-'));
      try {
        const chart = writeChart(folder);
        await helm('install', 'demo', chart);
        expect((await read('gadget', 'g')).spec).toEqual({ size: 1 });
        expect((await read('configmap', 'before')).data).toEqual({ revision: '1' });
        await helm('test', 'demo');
        expect((await read('configmap', 'check')).kind).toBe('ConfigMap');
        await helm('upgrade', 'demo', chart, '--set', 'size=2');
        expect((await read('gadget', 'g')).spec).toEqual({ size: 2 });
        await helm('rollback', 'demo', '1');
        expect((await read('gadget', 'g')).spec).toEqual({ size: 1 });
        expect(JSON.parse(await helm('history', 'demo', '-o', 'json'))).toHaveLength(3);
        await helm('uninstall', 'demo');
        expect((await clients().kubectl.attempt('get', 'gadget', 'g')).stderr).toContain('NotFound');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}

function writeChart(folder: string): string {
  const chart = join(folder, 'chart');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  mkdirSync(join(chart, 'crds'));
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: demo\nversion: 1.0.0\n');
  writeFileSync(join(chart, 'values.yaml'), 'size: 1\n');
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
  };
  const versions = [servedVersion('v1', true, schema)];
  const crd = customResourceDefinition({ plural: 'gadgets', kind: 'Gadget', versions });
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
  return chart;
}
