// The past of objects that real kubectls changed: who did it, what was there, and taking it back.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { startProgram, zeroplaneOn } from './run-tool.ts';

describe.skipIf(process.getuid?.() !== 0)('zeroplane history, get, diff and undo (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpcli7', '10.215.7', undefined, '--no-agent', '--history', '2d');
    await eventually(60, () => cluster.kubectl('get', 'serviceaccount', 'default'));
  });
  afterAll(() => cluster?.remove());

  const zeroplane = (...args: string[]) =>
    startProgram([...zeroplaneOn(cluster), ...args], { env: { KUBECONFIG: cluster.kubeconfig } }).ended;
  const json = async (...args: string[]) => JSON.parse((await zeroplane(...args, '-o', 'json')).stdout);
  const replicas = async () => (await cluster.read('deployment', 'web')).spec.replicas;

  it('tell who changed what, and from where', async () => {
    await cluster.kubectl('create', 'deployment', 'web', '--image=web:1');
    await cluster.kubectl('scale', 'deployment', 'web', '--replicas=3', '--as=alice', '--as-group=system:masters');
    await cluster.kubectl('set', 'image', 'deployment/web', 'web=web:2');
    const { items, complete } = await json('history', 'deploy/web', '--limit', '100');
    expect(complete).toBe(true);
    const by = (verb: string, user: string) =>
      items.find((each: { by: { verb: string; user: string } }) => each.by.verb === verb && each.by.user === user)?.by;
    expect(items.at(-1)).toMatchObject({ operation: 'create', by: { verb: 'create' } });
    expect(by('patch', 'alice')).toMatchObject({
      impersonatedBy: items.at(-1).by.user,
      userAgent: expect.stringContaining('kubectl/v1.'),
      sourceIP: expect.stringMatching(/^[0-9a-f.:]+$/),
      auditID: expect.any(String),
    });
    // The controller writes what it observed.
    await eventually(60, async () => {
      const { items: all } = await json('history', 'deployment/web', '--limit', '100');
      const controllers = all.filter((each: { by: { user: string } }) =>
        each.by.user.includes('deployment-controller'),
      );
      expect(controllers.map((each: { by: { subresource?: string } }) => each.by.subresource)).toContain('status');
      for (const { by: controller } of controllers) expect(controller.sourceIP).toBeUndefined();
      return true;
    });
    const told = await zeroplane('history', 'deployment', 'web', '--limit', '100');
    expect(told.stdout).toContain('  - spec.replicas: 1\n  + spec.replicas: 3\n');
    expect(told.stdout).toContain('  + spec.template.spec.containers[web].image: "web:2"');
    expect(told.stdout).toMatch(/update by alice \(\S+ as them\) with kubectl\/v1\.\d+\S* from \S+ \[patch/);
    expect(told.stdout).not.toContain('managedFields');
  });

  it('show what was there at a moment, and what differs since', async () => {
    const { items } = await json('history', 'deployment/web', '--limit', '100');
    const first = items.at(-1);
    expect(await json('get', 'deployment/web', '--at', first.revision)).toMatchObject({
      metadata: { resourceVersion: first.revision, name: 'web' },
      spec: { replicas: 1 },
    });
    const { stdout } = await zeroplane('get', 'deployments.apps', '--at', first.time);
    expect(stdout).toContain('replicas: 1');
    const differs = await zeroplane('diff', 'deployment/web', '--at', first.revision);
    expect(differs.stdout).toContain('  - spec.replicas: 1\n  + spec.replicas: 3\n');
  });

  it('take one change back, and refuse what later ones touch', async () => {
    const { items } = await json('history', 'deployment/web', '--limit', '100');
    const scaled = items.find((each: { by: { user: string } }) => each.by.user === 'alice').revision;
    const asked = await zeroplane('undo', 'deployment/web', '--revision', scaled);
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
    expect(await replicas()).toBe(3);
    const dry = await zeroplane('undo', 'deployment/web', '--revision', scaled, '--dry-run');
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('  - spec.replicas: 3\n  + spec.replicas: 1\n'),
    });
    expect(await replicas()).toBe(3);
    const undone = await zeroplane('undo', 'deployment/web', '--revision', scaled, '--yes');
    expect(undone).toMatchObject({ code: 0, stdout: expect.stringContaining('undone') });
    expect(await replicas()).toBe(1);
    expect((await cluster.read('deployment', 'web')).spec.template.spec.containers[0].image).toBe('web:2');
    await cluster.kubectl('scale', 'deployment', 'web', '--replicas=5');
    const refused = await zeroplane('undo', 'deployment/web', '--revision', scaled, '--yes');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('spec.replicas') });
    expect(await replicas()).toBe(5);
    // Without a revision: the last that was somebody's, and no controller's note in the status.
    await zeroplane('undo', 'deployment/web', '--yes');
    expect(await replicas()).toBe(1);
  });

  it('bring a deleted object back', async () => {
    await cluster.kubectl('create', 'configmap', 'settings', '--from-literal=a=1');
    const { uid } = (await cluster.read('configmap', 'settings')).metadata;
    await cluster.kubectl('delete', 'configmap', 'settings');
    const undone = await zeroplane('undo', 'cm/settings', '-y');
    expect(undone).toMatchObject({ code: 0, stdout: expect.stringContaining('created again') });
    const back = await cluster.read('configmap', 'settings');
    expect(back.data).toEqual({ a: '1' });
    expect(back.metadata.uid).not.toBe(uid);
  });

  it('hide what Secrets hold, and say what is wrong', async () => {
    await cluster.kubectl('create', 'secret', 'generic', 'pass', '--from-literal=word=hidden');
    const told = await zeroplane('history', 'secret/pass');
    expect(told.stdout).toContain('+ data.word: ***');
    expect(told.stdout).not.toContain(Buffer.from('hidden').toString('base64'));
    const wrong: readonly (readonly [args: string[], says: string])[] = [
      [['history', 'nothings/x'], 'kubectl api-resources'],
      [['history', 'cm/never'], 'not found'],
      [['get', 'cm/settings'], '--at is missing'],
      [['get', 'cm/settings', '--at', 'yesterday'], '--at: give'],
      [['get', 'cm/settings', '--at', '5w'], '--at: give'],
      [['diff', 'cm', '--at', '1m'], 'KIND/NAME'],
      [['undo', 'cm/settings', '--revision', '999999', '-y'], 'zeroplane history'],
    ];
    for (const [args, says] of wrong) {
      const { code, stderr } = await zeroplane(...args);
      expect([args, code === 0, stderr]).toEqual([args, false, expect.stringContaining(says)]);
    }
  });
});
