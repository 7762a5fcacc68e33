// A real node for tests: its own containerd in its own network namespace and temporary directory, with the pause image and busybox.

import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run, tryRun } from '../core/process/run.ts';
import type { ContainerdOptions } from './containerd/config.ts';
import type { Containerd } from './containerd/containerd.ts';
import { startContainerd } from './containerd/containerd.ts';
import { teardownNode } from './containerd/teardown.ts';
import { loadImage } from './images/load.ts';
import { ociArchive } from './images/oci.ts';
import { pauseArchive, pauseImage } from './images/pause.ts';

export const busyboxImage = 'docker.io/library/busybox:1.35';

export interface TestNode {
  readonly dataDir: string;
  readonly cgroupRoot: string;
  readonly options: ContainerdOptions;
  readonly containerd: Containerd;
  remove(): Promise<void>;
}

/** Why real containers cannot run here, or undefined. */
export async function missingForContainers(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const file of ['/usr/bin/containerd', '/usr/lib/cni/bridge', '/bin/busybox'])
    if (!(await fs.stat(file).catch(() => undefined))) return `needs ${file}`;
  return undefined;
}

export async function startTestNode(): Promise<TestNode> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'zeroplane-node-'));
  const name = path.basename(dataDir).toLowerCase();
  const netns = `/run/netns/${name}`;
  const cgroupRoot = `/zeroplane-test/${name}`;
  const options: ContainerdOptions = {
    dataDir,
    sandboxImage: pauseImage,
    cniBinDir: '/usr/lib/cni',
    cniConfDir: path.join(dataDir, 'cni'),
    registryConfigDir: path.join(dataDir, 'certs.d'),
    snapshotter: 'overlayfs',
    netns,
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const remove = async () => {
    await teardownNode({ containerd: options, cgroupRoot }, log);
    await tryRun('ip', ['netns', 'delete', name]);
    await fs.rm(dataDir, { recursive: true, force: true });
  };
  try {
    await run('ip', ['netns', 'add', name]);
    await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    await fs.mkdir(options.cniConfDir, { recursive: true });
    await fs.writeFile(path.join(options.cniConfDir, '10-test.conflist'), JSON.stringify(bridgeNetwork(dataDir)));
    const containerd = await startContainerd(options, log);
    const archives = { pause: pauseArchive(), busybox: await busyboxArchive() };
    for (const [file, archive] of Object.entries(archives)) {
      const tarFile = path.join(dataDir, `${file}.tar`);
      await fs.writeFile(tarFile, archive);
      await loadImage(dataDir, tarFile);
    }
    return {
      dataDir,
      cgroupRoot,
      options,
      containerd,
      remove: async () => {
        containerd.release();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** busybox with a link for every command, from this machine's static binary. */
async function busyboxArchive(name = busyboxImage): Promise<Buffer> {
  const { stdout } = await run('/bin/busybox', ['--list']);
  const commands = stdout.trim().split('\n');
  return ociArchive({
    name,
    files: [
      { path: '/bin/busybox', content: await fs.readFile('/bin/busybox'), mode: 0o755 },
      ...commands.filter((each) => each !== 'busybox').map((each) => ({ path: `/bin/${each}`, symlink: 'busybox' })),
      { path: '/tmp', directory: true, mode: 0o1777 },
      { path: '/etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' },
      { path: '/etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
    ],
    cmd: ['/bin/sh'],
  });
}

function bridgeNetwork(dataDir: string) {
  return {
    cniVersion: '1.0.0',
    name: 'test',
    plugins: [
      {
        type: 'bridge',
        bridge: 'zp0',
        isGateway: true,
        ipam: { type: 'host-local', dataDir: path.join(dataDir, 'ipam'), ranges: [[{ subnet: '10.77.0.0/24' }]] },
      },
    ],
  };
}
