import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimMachineLogs, releaseMachineLogs } from './machine-logs.ts';

let base: string;
let machine: string;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

beforeEach(async () => {
  base = await fs.mkdtemp(path.join(tmpdir(), 'machine-logs-'));
  machine = path.join(base, 'log');
  await fs.mkdir(machine);
});
afterEach(() => fs.rm(base, { recursive: true, force: true }));

const ownOf = (node: string) => path.join(base, node, 'logs');
const claim = async (node: string) => {
  const dataDir = path.join(base, node);
  await fs.mkdir(dataDir, { recursive: true });
  return claimMachineLogs({ dataDir, own: ownOf(node), machine }, log);
};
const release = (node: string) => releaseMachineLogs(path.join(base, node), machine);
/** A container's log as the runtime makes it, and its link. */
const write = async ({ logsDir, links }: Awaited<ReturnType<typeof claim>>, name = 'web', id = 'a'.repeat(64)) => {
  const logPath = path.join(logsDir, `team_${name}_u-1`, 'main', '0.log');
  await fs.mkdir(path.dirname(logPath), { recursive: true });
  await fs.writeFile(logPath, 'line\n');
  await links?.add({ name, namespace: 'team' }, { id, name: 'main', logPath });
  return { pod: { name, namespace: 'team' }, container: { id, name: 'main' }, logPath };
};
const linked = () => fs.readdir(path.join(machine, 'containers')).catch(() => []);
const pods = path.join('log', 'pods');

describe('Logs of pods', () => {
  it("are the machine's for its first cluster, and in the data directory for the next", async () => {
    const first = await claim('first');
    expect(first.logsDir).toBe(path.join(base, pods));
    const second = await claim('second');
    expect(second).toEqual({ logsDir: ownOf('second'), links: undefined });
    // Again after a restart.
    expect((await claim('first')).logsDir).toBe(first.logsDir);
    await release('second');
    expect((await claim('first')).logsDir).toBe(first.logsDir);
  });

  it('have links that say pod, namespace, container and id, until the container is removed', async () => {
    const logs = await claim('first');
    const { pod, container, logPath } = await write(logs);
    expect(await linked()).toEqual([`web_team_main-${'a'.repeat(64)}.log`]);
    const [name = ''] = await linked();
    expect(await fs.readlink(path.join(machine, 'containers', name))).toBe(logPath);
    expect(await fs.readFile(path.join(machine, 'containers', name), 'utf8')).toBe('line\n');
    await logs.links?.remove(pod, container);
    expect(await linked()).toEqual([]);
    // A pod's name may have 253 characters: the link's is cut as kubelet cuts it.
    await write(logs, 'n'.repeat(200));
    expect((await linked())[0]).toMatch(/^n{200}_team_main-a{40}\.log$/);
  });

  it('leave nothing when the node is taken down', async () => {
    const logs = await claim('first');
    await write(logs);
    await release('second');
    expect(await linked()).toHaveLength(1);
    await release('first');
    expect(await fs.readdir(machine)).toEqual([]);
    expect((await claim('second')).logsDir).toBe(path.join(base, pods));
  });

  it('pass to another when the data directory was deleted without a teardown, and old logs go', async () => {
    await write(await claim('first'));
    await fs.rm(path.join(base, 'first'), { recursive: true });
    const second = await claim('second');
    expect(second.logsDir).toBe(path.join(base, pods));
    expect(await fs.readdir(second.logsDir)).toEqual(['.zeroplane']);
    await second.links?.sweep();
    expect(await linked()).toEqual([]);
  });

  it("stay away from another kubelet's, and where containers already write", async () => {
    await fs.mkdir(path.join(base, pods, 'kube-system_x_u'), { recursive: true });
    expect((await claim('first')).logsDir).toBe(ownOf('first'));
    await release('first');
    expect(await fs.readdir(path.join(base, pods))).toEqual(['kube-system_x_u']);
    await fs.rm(path.join(base, pods), { recursive: true });
    await fs.mkdir(path.join(ownOf('before'), 'team_web_u'), { recursive: true });
    expect((await claim('before')).logsDir).toBe(ownOf('before'));
  });

  it('are linked nowhere else when a pod put a link in the place of the directory, and the container runs', async () => {
    const logs = await claim('first');
    const elsewhere = path.join(base, 'elsewhere');
    await fs.mkdir(elsewhere);
    await fs.symlink(elsewhere, path.join(machine, 'containers'));
    await write(logs);
    await logs.links?.sweep();
    expect(await fs.readdir(elsewhere)).toEqual([]);
  });

  it('keeps links of others, and those that lead where something is', async () => {
    const logs = await claim('first');
    await write(logs);
    await fs.symlink('/nowhere/x.log', path.join(machine, 'containers', 'other.log'));
    await logs.links?.sweep();
    expect(await linked()).toHaveLength(2);
  });
});
