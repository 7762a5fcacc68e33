// `zeroplane upgrade`: to a version that differs, under load and with pods that must not notice, and to one that does not start.

import {
  appendFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { startProgram } from './run-tool.ts';

const root = join(import.meta.dirname, '../..');

describe.skipIf(process.getuid?.() !== 0)('zeroplane upgrade (needs root)', { timeout: 400_000 }, () => {
  let cluster: TestCluster;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-upgrade-'));
    cluster = await startCluster('zpcli6', '10.215.6');
    await cluster.kubectl('apply', '-f', join(root, 'examples/web.yaml'));
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  });
  afterAll(async () => {
    await cluster?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Another checkout, with a change in a file. */
  function otherCheckout(name: string, file: string, change: string): string {
    const directory = join(folder, name);
    rmSync(directory, { recursive: true, force: true });
    for (const each of globSync('{cli,core,functions,agent,edge,local,generated}/**/*.{ts,mjs,json,cjs,txt}', {
      cwd: root,
    })) {
      if (each.endsWith('.test.ts')) continue;
      mkdirSync(dirname(join(directory, each)), { recursive: true });
      cpSync(join(root, each), join(directory, each));
    }
    for (const each of ['package.json', 'package-lock.json']) cpSync(join(root, each), join(directory, each));
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    appendFileSync(join(directory, file), change);
    return directory;
  }
  const upgrade = (checkout: string, ...args: string[]) =>
    startProgram(
      [
        ...cluster.host.enter,
        process.execPath,
        join(checkout, 'cli/main.ts'),
        'upgrade',
        '--data-dir',
        cluster.dataDir,
        ...args,
      ],
      {},
    ).ended;
  const commandOf = (program: string) => {
    const [pid] = readFileSync(join(cluster.dataDir, `run/${program}.pid`), 'utf8').split(' ');
    return { pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') };
  };
  const containers = async () =>
    (await cluster.read('pods')).items
      .flatMap((pod: { status: { containerStatuses: { containerID: string; restartCount: number }[] } }) =>
        pod.status.containerStatuses.map(({ containerID, restartCount }) => `${containerID} ${restartCount}`),
      )
      .sort();

  /** Requests to the Service while `work` runs: how many there were, and how many were not answered. */
  async function underLoad<T>(work: () => Promise<T>) {
    const address = await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    const script = `n=0; f=0; while [ ! -e ${folder}/enough ]; do /bin/busybox wget -q -O /dev/null http://${address}/ 2>>${folder}/errors || f=$((f+1)); n=$((n+1)); sleep 0.05; done; echo "$n $f"`;
    for (const each of ['enough', 'errors']) rmSync(join(folder, each), { force: true });
    const load = startProgram([...cluster.host.enter, 'sh', '-c', script], {}).ended;
    await delay(1000);
    const result = await work();
    await delay(1000);
    writeFileSync(join(folder, 'enough'), '');
    const [requests = 0, failed = 0] = (await load).stdout.trim().split(' ').map(Number);
    return {
      result,
      requests,
      failed,
      errors: existsSync(join(folder, 'errors')) ? readFileSync(join(folder, 'errors'), 'utf8') : '',
    };
  }

  it('has nothing to do where the programs are the same', async () => {
    const ran = await upgrade(root);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('runs these programs already') });
  });

  it('changes control plane and agent, and no pod or request notices', async () => {
    const before = { containers: await containers(), api: commandOf('control-plane'), agent: commandOf('agent') };
    const { result, requests, failed, errors } = await underLoad(() =>
      upgrade(otherCheckout('newer', 'agent/agent.ts', '\n// newer\n')),
    );
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toContain('Its pods ran on.');
    for (const [program, old] of [
      ['control-plane', before.api],
      ['agent', before.agent],
    ] as const) {
      const now = commandOf(program);
      expect(now.pid).not.toBe(old.pid);
      expect(now.command).not.toEqual(old.command);
    }
    expect(await containers()).toEqual(before.containers);
    expect(requests).toBeGreaterThan(20);
    expect(failed, errors).toBe(0);
    expect(readdirSync(cluster.dataDir).filter((name) => /^before-\d{14}\.db$/.test(name))).toHaveLength(1);
    // It is a cluster that works: what is asked of it now is done.
    await cluster.kubectl('scale', 'deployment/web', '--replicas=4');
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  });

  it('goes back to the version before where the new one does not start', async () => {
    const before = { containers: await containers(), api: commandOf('control-plane'), agent: commandOf('agent') };
    const broken = otherCheckout('broken', 'local/control-plane/main.ts', "\nthrow new Error('cannot be');\n");
    const { result, failed, errors } = await underLoad(() => upgrade(broken, '--no-backup'));
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('the new version does not come up, so the one before runs again');
    expect(result.stderr).toContain('cannot be');
    await eventually(60, async () => (await cluster.attempt('get', '--raw', '/readyz')).code === 0);
    expect(commandOf('control-plane').command).toEqual(before.api.command);
    expect(commandOf('agent').command).toEqual(before.agent.command);
    expect(await containers()).toEqual(before.containers);
    expect(failed, errors).toBe(0);
    await cluster.kubectl('scale', 'deployment/web', '--replicas=2');
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  });

  it('goes back also over a store that the new one has converted', async () => {
    // Those that the last test has scaled away are gone.
    await eventually(60, async () => (await containers()).length === 2);
    const before = { containers: await containers(), api: commandOf('control-plane') };
    const converting = otherCheckout('converting', 'local/control-plane/main.ts', "\nthrow new Error('cannot be');\n");
    const file = join(converting, 'core/store/embedded/schema.ts');
    const [, version = ''] = /schemaVersion = (\d+);/.exec(readFileSync(file, 'utf8')) ?? [];
    const newer = `schemaVersion = ${Number(version) + 1};`;
    writeFileSync(file, readFileSync(file, 'utf8').replace(`schemaVersion = ${version};`, newer));
    const { code, stderr } = await upgrade(converting);
    expect([code, stderr]).toEqual([1, expect.stringContaining('so the one before runs again')]);
    await eventually(60, async () => (await cluster.attempt('get', '--raw', '/readyz')).code === 0);
    expect(commandOf('control-plane').command).toEqual(before.api.command);
    expect(await containers()).toEqual(before.containers);
    await cluster.kubectl('scale', 'deployment/web', '--replicas=3');
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=150s');
  });
});
