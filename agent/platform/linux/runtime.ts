// The runtime of this node: a containerd of our own with the pause image in it, or one that somebody else runs.

import fs from 'node:fs/promises';
import path from 'node:path';
import type { EventLog } from '../../../core/process/log.ts';
import type { ContainerdOptions } from '../../containerd/config.ts';
import { startContainerd } from '../../containerd/containerd.ts';
import { besideCri } from '../../cri/beside-cri.ts';
import { GrpcError, grpcCodes } from '../../cri/grpc.ts';
import { cgroupDrivers } from '../../cri/messages.ts';
import type { OpenRuntime, RuntimeOptions } from '../../cri/open-runtime.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import { connectRuntime } from '../../cri/runtime.ts';
import { connectSnapshots } from '../../cri/snapshots.ts';
import { loadImage } from '../../images/load.ts';
import { pauseArchive, pauseImage } from '../../images/pause.ts';

/** A runtime that the agent cannot run pods with. */
class RuntimeError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'RuntimeError';
  }
}

/** Throws ContainerdError, GrpcError. */
export async function openRuntime(options: RuntimeOptions, log: EventLog): Promise<OpenRuntime> {
  if (options.runtimeEndpoint) return adoptRuntime(options.runtimeEndpoint);
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

/** One that somebody else runs, whichever it is. Throws RuntimeError, GrpcError. */
export async function adoptRuntime(endpoint: string): Promise<OpenRuntime> {
  const runtime = connectRuntime(endpoint);
  try {
    const version = await runtime.version({ version: 'v1' });
    await checkCgroups(runtime, version.runtimeName);
    const snapshots = besideCri(version.runtimeName).snapshots(endpoint, 'overlayfs');
    const release = () => {
      snapshots?.close();
      runtime.close();
    };
    return { runtime, snapshots, version, release };
  } catch (error) {
    runtime.close();
    throw error;
  }
}

/** Throws RuntimeError: the agent limits pods by cgroups of its own, which a runtime that asks systemd for each does not take. */
export async function checkCgroups(
  runtime: Pick<ContainerRuntime, 'runtimeConfig'>,
  runtimeName: string,
): Promise<void> {
  // Older ones do not say.
  const { linux } = await runtime.runtimeConfig({}).catch((error: unknown) => {
    if (error instanceof GrpcError && error.code === grpcCodes.unimplemented) return { linux: undefined };
    throw error;
  });
  if (linux?.cgroupDriver !== cgroupDrivers.systemd) return;
  throw new RuntimeError(
    `the runtime ${runtimeName} has cgroups made by systemd: set cgroup_manager = "cgroupfs" (CRI-O), SystemdCgroup = false (containerd) or native.cgroupdriver=cgroupfs (Docker), and start it again`,
  );
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
