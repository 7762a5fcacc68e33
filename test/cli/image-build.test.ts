// `zeroplane image build` by a real BuildKit: the one in Debian's Docker, unpacked and not installed, in the network of a test's host.

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../core/process/run.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { startProgram, zeroplaneOn } from './run-tool.ts';

const cache = join(import.meta.dirname, '../../node_modules/.cache/zeroplane-docker');
const tag = 'zeroplane.local/built:1';

const dockerfile = `FROM scratch AS base
COPY busybox /bin/busybox
ARG WORD=none
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo made with $WORD > /said"]
FROM base AS web
ENTRYPOINT ["/bin/busybox", "cat", "/said"]
`;

/** Docker's programs of Debian 12: kept among the packages' caches. */
async function dockerPrograms(): Promise<string> {
  if (existsSync(join(cache, 'root'))) return join(cache, 'root');
  mkdirSync(cache, { recursive: true });
  await run('sh', ['-c', `cd ${cache} && apt-get -q download docker.io && dpkg-deb -x docker.io_*.deb root.new`], {
    timeoutMs: 300_000,
  });
  for (const file of readdirSync(cache).filter((name) => name.endsWith('.deb'))) rmSync(join(cache, file));
  await run('mv', [join(cache, 'root.new'), join(cache, 'root')]);
  return join(cache, 'root');
}

describe.skipIf(process.getuid?.() !== 0)('zeroplane image build (needs root)', { timeout: 400_000 }, () => {
  let cluster: TestCluster;
  let folder: string;
  let environment: Record<string, string>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zpb-'));
    const programs = await dockerPrograms();
    cluster = await startCluster('zpcli10', '10.215.10');
    const path = `${programs}/usr/bin:${programs}/usr/sbin:${process.env['PATH']}`;
    environment = { PATH: path, HOME: folder, DOCKER_HOST: `unix://${folder}/docker.sock` };
    const [nsenter = '', ...rest] = cluster.host.enter;
    const flags = [
      ...['--iptables=false', '--ip6tables=false', '--bip', '10.215.110.1/24', '--storage-driver', 'vfs'],
      ...['--data-root', `${folder}/data`, '--exec-root', `${folder}/run`, '--pidfile', `${folder}/pid`],
      ...['--host', environment['DOCKER_HOST'] ?? ''],
    ];
    spawn(nsenter, [...rest, `${programs}/usr/sbin/dockerd`, ...flags], { stdio: 'ignore', env: environment });
    await eventually(60, async () => existsSync(join(folder, 'docker.sock')));
  }, 400_000);
  afterAll(async () => {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    process.kill(pid, 'SIGTERM');
    await eventually(60, async () => !existsSync(`/proc/${pid}`));
    await cluster?.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  it('has the node run what a Dockerfile says, with its arguments and up to a stage', async () => {
    const context = join(folder, 'context');
    mkdirSync(context);
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    writeFileSync(join(context, 'Dockerfile'), dockerfile);
    const here = ['--data-dir', cluster.dataDir];
    const zeroplane = (...args: string[]) =>
      startProgram([...zeroplaneOn(cluster), ...args], { env: environment }).ended;
    const flags = ['--tag', tag, '--build-arg', 'WORD=care', '--target', 'web', ...here];
    const built = await zeroplane('image', 'build', ...flags, context);
    expect(built, built.stderr).toMatchObject({ code: 0, stdout: `loaded ${tag}\n` });
    const ran = await startProgram([...zeroplaneOn(cluster), 'run', '--image', tag, ...here], {
      env: { KUBECONFIG: cluster.kubeconfig },
    }).ended;
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: 'made with care\n' });
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY nothing /\n');
    const wrong = await zeroplane('image', 'build', '--tag', tag, ...here, context);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/nothing.*not found[\s\S]*image build: docker ended with 1/);
  });
});
