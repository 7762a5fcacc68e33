// What a run of these tests that was killed left is cleared away by the next one that takes the same names; of one that runs, nothing is
// touched. Needs root.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLink } from '../tools/link.ts';
import { removeNamespaces } from '../tools/namespaces.ts';

const name = 'zpdead';
const switchAndHosts = [`${name}-sw`, `${name}-0`, `${name}-1`];

describe.skipIf(process.getuid?.() !== 0)('a run that was killed (needs root)', () => {
  let folder: string;
  let other: ChildProcess;
  let inside = 0;

  /** Another run, which lays a link and starts two programs on its first host, of which it wrote down how one is ended. */
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), `${name}-`));
    mkdirSync(join(folder, 'data'));
    const tools = join(import.meta.dirname, '../tools');
    writeFileSync(
      join(folder, 'run.ts'),
      `import { spawn } from 'node:child_process';
       import { createLink } from '${tools}/link.ts';
       import { writeDownEnd } from '${tools}/namespaces.ts';
       const { hosts: [host] } = createLink('${name}', '10.210.89', 2);
       const [program, ...enter] = host.enter;
       writeDownEnd(host, { command: ['sh', '-c', 'test ! -e ${folder}/stuck && touch ${folder}/ended'], folder: '${folder}/data' });
       writeDownEnd(host, { command: ['false'], folder: '${folder}/none' })();
       console.log(spawn(program, [...enter, 'sleep', '1000'], { stdio: 'ignore', detached: true }).pid);
       setInterval(() => {}, 1000);`,
    );
    other = spawn(process.execPath, [join(folder, 'run.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (!other.stdout) throw new Error('it has an output');
    const [line] = await once(createInterface({ input: other.stdout }), 'line');
    inside = Number(line);
  });
  afterEach(async () => {
    await kill();
    if (isAlive(inside)) process.kill(inside, 'SIGKILL');
    removeNamespaces(switchAndHosts);
    rmSync(folder, { recursive: true, force: true });
  });

  const kill = async () => {
    if (other.exitCode !== null || other.signalCode !== null) return;
    other.kill('SIGKILL');
    await once(other, 'exit');
  };

  it('leaves nothing that is in the way of the next', async () => {
    await kill();
    expect(isAlive(inside)).toBe(true);
    const link = createLink(name, '10.210.89', 2);
    await expect.poll(() => isAlive(inside)).toBe(false);
    expect([existsSync(join(folder, 'ended')), existsSync(join(folder, 'data'))]).toEqual([true, false]);
    expect(link.hosts.map(({ address }) => address)).toEqual(['10.210.89.1', '10.210.89.2']);
    link.remove();
    expect(switchAndHosts.filter((each) => existsSync(`/run/netns/${each}`))).toEqual([]);
  });

  it('is not taken for one that runs', () => {
    expect(() => createLink(name, '10.210.89', 2)).toThrow(`is of process ${other.pid}, which runs`);
    expect(isAlive(inside)).toBe(true);
    expect(switchAndHosts.filter((each) => existsSync(`/run/netns/${each}`))).toEqual(switchAndHosts);
  });

  it('stays for somebody to look at where what it started cannot be ended, and goes when it can', async () => {
    await kill();
    writeFileSync(join(folder, 'stuck'), '');
    expect(() => createLink(name, '10.210.89', 2)).toThrow('Command failed');
    expect([isAlive(inside), existsSync(join(folder, 'data'))]).toEqual([true, true]);
    rmSync(join(folder, 'stuck'));
    createLink(name, '10.210.89', 2).remove();
    await expect.poll(() => isAlive(inside)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
