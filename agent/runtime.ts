// The runtime of this node: a containerd of our own with the pause image in it, or one that somebody else runs.

import fs from 'node:fs/promises';
import path from 'node:path';
import type { EventLog } from '../core/process/log.ts';
import type { ContainerdOptions } from './containerd/config.ts';
import { startContainerd } from './containerd/containerd.ts';
import type { ContainerRuntime } from './cri/runtime.ts';
import { connectRuntime } from './cri/runtime.ts';
import { connectSnapshots, type Snapshots } from './cri/snapshots.ts';
import { loadImage } from './images/load.ts';
import { pauseArchive, pauseImage } from './images/pause.ts';

export interface OpenRuntime {
  readonly runtime: ContainerRuntime;
  readonly snapshots: Snapshots;
  readonly version: { runtimeName: string; runtimeVersion: string };
  /** Lets go of it; it runs on. */
  release(): void;
}

export interface RuntimeOptions {
  readonly dataDir: string;
  readonly netns: string | undefined;
  readonly runtimeEndpoint: string | undefined;
  readonly pauseImage: string | undefined;
  readonly cniBinDir: string;
}

/** Throws ContainerdError, GrpcError. */
export async function openRuntime(options: RuntimeOptions, log: EventLog): Promise<OpenRuntime> {
  if (options.runtimeEndpoint) {
    const runtime = connectRuntime(options.runtimeEndpoint);
    const snapshots = connectSnapshots(options.runtimeEndpoint, 'overlayfs');
    const close = () => {
      snapshots.close();
      runtime.close();
    };
    return { runtime, snapshots, version: await runtime.version({ version: 'v1' }), release: close };
  }
  const settings = await containerdOptions(options);
  const { runtime, endpoint, release } = await startContainerd(settings, log);
  const snapshots = connectSnapshots(endpoint, settings.snapshotter);
  if (!options.pauseImage && !(await runtime.imageStatus({ image: { image: pauseImage } })).image) {
    const file = path.join(options.dataDir, 'pause.tar');
    await fs.writeFile(file, pauseArchive());
    await loadImage(options.dataDir, file);
    await fs.rm(file);
  }
  const close = () => {
    snapshots.close();
    release();
  };
  return { runtime, snapshots, version: await runtime.version({ version: 'v1' }), release: close };
}

/** Where overlayfs cannot lie on another overlay (a container), layers are copied. */
export async function containerdOptions(options: Omit<RuntimeOptions, 'runtimeEndpoint'>): Promise<ContainerdOptions> {
  const overlayMagic = 0x794c7630;
  const { type } = await fs.statfs(options.dataDir);
  return {
    dataDir: options.dataDir,
    sandboxImage: options.pauseImage ?? pauseImage,
    cniBinDir: options.cniBinDir,
    cniConfDir: path.join(options.dataDir, 'cni', 'net.d'),
    registryConfigDir: path.join(options.dataDir, 'certs.d'),
    snapshotter: type === overlayMagic ? 'native' : 'overlayfs',
    ...(options.netns && { netns: options.netns }),
  };
}
