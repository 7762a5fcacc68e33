// `kubectl apply` with the real kubectl: client side, server side, pruned, of a kustomization. For every kind of API server.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kubectl } from '../tools/kubectl.ts';
import { configMap, deployment } from './objects.ts';

/** Registers the tests; `kubectl` is called when they run. */
export function kubectlApply(kubectl: () => Kubectl): void {
  describe('kubectl apply', { timeout: 180_000 }, () => {
    let files: string;
    beforeAll(() => {
      files = mkdtempSync(join(tmpdir(), 'zeroplane-apply-'));
    });
    afterAll(() => rmSync(files, { recursive: true, force: true }));
    const applied = async (object: object, ...args: string[]) => {
      const { code, stdout, stderr } = await kubectl().attemptInput(
        JSON.stringify(object),
        'apply',
        '-f',
        '-',
        ...args,
      );
      return { code, text: `${stdout}${stderr}`.trim() };
    };
    const manifest = (name: string, ...objects: object[]) => {
      const path = join(files, name);
      writeFileSync(path, objects.map((each) => JSON.stringify(each)).join('\n---\n'));
      return path;
    };

    it('creates, leaves alone, changes by three-way merge, and shows the difference first', async () => {
      const first = deployment(0, [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ]);
      const second = deployment(0, [{ name: 'A', value: 'one' }]);
      expect((await applied(first)).text).toBe('deployment.apps/app created');
      expect((await applied(first)).text).toBe('deployment.apps/app unchanged');
      await kubectl()('set', 'env', 'deploy/app', 'HAND=made');
      const { code, stdout } = await kubectl().attempt('diff', '-f', manifest('second.yaml', second));
      expect(code).toBe(1);
      expect(stdout).toMatch(/^-\s+value: "1"$/m);
      expect(stdout).toMatch(/^\+\s+value: one$/m);
      expect((await applied(second, '--dry-run=server')).text).toBe('deployment.apps/app configured (server dry run)');
      expect((await applied(second)).text).toBe('deployment.apps/app configured');
      // What was applied before and is gone now goes; what somebody else added stays.
      const env = await kubectl()(
        'get',
        'deploy',
        'app',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].env[*].name}',
      );
      expect(env.split(' ').sort()).toEqual(['A', 'HAND']);
      expect(await kubectl()('apply', 'view-last-applied', 'deploy/app')).toContain('value: one');
      expect((await kubectl().attempt('diff', '-f', manifest('same.yaml', second))).code).toBe(0);
    });

    it('prunes what is no longer among the labelled', async () => {
      const labels = { prune: 'me' };
      const both = manifest('both.yaml', configMap('kept', { a: '1' }, labels), configMap('pruned', {}, labels));
      await kubectl()('apply', '-f', both);
      const args = ['--prune', '-l', 'prune=me', '--prune-allowlist=core/v1/ConfigMap'];
      const said = await kubectl()('apply', '-f', manifest('one.yaml', configMap('kept', { a: '1' }, labels)), ...args);
      expect(said.trim().split('\n')).toEqual(['configmap/kept unchanged', 'configmap/pruned pruned']);
    });

    it('takes a kustomization', async () => {
      const directory = join(files, 'overlay');
      mkdirSync(directory);
      writeFileSync(join(directory, 'cm.yaml'), JSON.stringify(configMap('base', { z: '1' })));
      const generator = 'configMapGenerator: [{name: gen, literals: [x=y]}]';
      writeFileSync(join(directory, 'kustomization.yaml'), `namePrefix: kz-\n${generator}\nresources: [cm.yaml]\n`);
      expect(await kubectl()('apply', '-k', directory)).toMatch(
        /configmap\/kz-base created\nconfigmap\/kz-gen-\w+ created/,
      );
      expect(await kubectl()('delete', '-k', directory)).toContain('configmap "kz-base" deleted');
    });

    it('goes on with --server-side without a conflict, and shows the difference first', async () => {
      const configMap = (label: string, data: object) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'upgraded', labels: { name: label } },
        data,
      });
      const next = manifest('upgraded-2.yaml', configMap('b', { k: 'v2' }));
      await kubectl()('apply', '-f', manifest('upgraded-1.yaml', configMap('a', { k: 'v1' })));
      const { code, stdout, stderr } = await kubectl().attempt('diff', '--server-side', '-f', next);
      expect(code, stderr).toBe(1);
      expect(stdout).toContain('+  k: v2');
      await kubectl()('apply', '--server-side', '-f', next);
      expect(await kubectl()('get', 'configmap', 'upgraded', '-o', 'jsonpath={.data.k}')).toContain('v2');
      // And back: the annotation followed.
      await kubectl()('apply', '-f', manifest('upgraded-3.yaml', configMap('b', {})));
      expect(await kubectl()('get', 'configmap', 'upgraded', '-o', 'jsonpath={.data}')).not.toContain('v2');
    });

    it('--server-side tells who owns a field, and takes it when forced', async () => {
      const mine = configMap('ssa', { a: '1', b: '2' });
      const theirs = configMap('ssa', { a: 'x' });
      expect((await applied(mine, '--server-side')).text).toBe('configmap/ssa serverside-applied');
      const conflict = await applied(theirs, '--server-side', '--field-manager=other');
      expect([conflict.code, conflict.text]).toEqual([
        1,
        expect.stringContaining('Apply failed with 1 conflict: conflict with "kubectl": .data.a'),
      ]);
      await applied(theirs, '--server-side', '--field-manager=other', '--force-conflicts');
      expect(await kubectl()('get', 'cm', 'ssa', '-o', 'jsonpath={.data}')).toBe('{"a":"x","b":"2"}');
      // A field that its only manager no longer applies goes.
      await applied(configMap('ssa', {}), '--server-side');
      expect(await kubectl()('get', 'cm', 'ssa', '-o', 'jsonpath={.data}')).toBe('{"a":"x"}');
      const owners = await kubectl()('get', 'cm', 'ssa', '--show-managed-fields', '-o', 'jsonpath={..manager}');
      expect(owners.split(' ').sort()).toEqual(['kubectl', 'other']);
    });
  });
}
