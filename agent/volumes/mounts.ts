// A container's mounts: its volumes with sub-paths and propagation, /etc/hosts and the termination log.

import fs from 'node:fs/promises';
import path from 'node:path';
import type { V1VolumeMount } from '../../generated/kubernetes.ts';
import type { MountInput } from '../cri/messages.ts';
import { propagations } from '../cri/messages.ts';
import { ConfigError, expand } from '../pods/environment.ts';
import type { PodContainer } from '../pods/pod.ts';
import type { MountedVolume } from './pod-volumes.ts';
import { VolumeError } from './volume-error.ts';

/** Throws VolumeError when a mount names no volume or leaves it, ConfigError when its sub-path cannot be one. */
export async function volumeMounts(
  container: PodContainer,
  volumes: ReadonlyMap<string, MountedVolume>,
  environment: ReadonlyMap<string, string>,
): Promise<MountInput[]> {
  const mounts: MountInput[] = [];
  for (const mount of container.spec.volumeMounts ?? []) {
    const volume = volumes.get(mount.name);
    if (!volume)
      throw new VolumeError(`container "${container.name}" mounts volume "${mount.name}", which the pod does not have`);
    mounts.push({
      containerPath: path.posix.resolve('/', mount.mountPath),
      hostPath: await hostPathOf(mount, volume, environment),
      readonly: (mount.readOnly ?? false) || volume.readOnly,
      propagation:
        mount.mountPropagation === 'Bidirectional'
          ? propagations.bidirectional
          : mount.mountPropagation === 'HostToContainer'
            ? propagations.hostToContainer
            : propagations.private,
    });
  }
  return mounts;
}

async function hostPathOf(
  mount: V1VolumeMount,
  volume: MountedVolume,
  environment: ReadonlyMap<string, string>,
): Promise<string> {
  const inside = mount.subPathExpr ? expandSubPath(mount.subPathExpr, environment) : mount.subPath;
  if (!inside) return volume.path;
  if (path.isAbsolute(inside) || inside.split('/').includes('..'))
    throw new ConfigError(`subPath "${inside}" must be a relative path without ".."`);
  const root = await fs.realpath(volume.path);
  const wanted = path.join(root, inside);
  // A link in the volume could lead out of it: the deepest part that exists decides, before anything is made and after.
  await assertInside(root, wanted, inside);
  if (!(await fs.stat(wanted).catch(() => undefined))) {
    const { mode, uid, gid } = await fs.stat(root);
    const made = await fs.mkdir(wanted, { recursive: true });
    if (made) {
      await fs.chmod(wanted, mode & 0o7777);
      await fs.chown(wanted, uid, gid);
    }
  }
  const real = await fs.realpath(wanted);
  await assertInside(root, real, inside);
  return real;
}

/** A variable without a value would make the whole volume of a part of it. */
function expandSubPath(text: string, environment: ReadonlyMap<string, string>): string {
  return expand(text, (name) => {
    const value = environment.get(name);
    if (!value) throw new ConfigError(`cannot expand subPathExpr "${text}": missing value for "${name}"`);
    return value;
  });
}

async function assertInside(root: string, wanted: string, shown: string): Promise<void> {
  let probe = wanted;
  for (;;) {
    const real = await fs.realpath(probe).catch(() => undefined);
    if (real !== undefined) {
      if (real !== root && !real.startsWith(`${root}/`))
        throw new VolumeError(`subPath "${shown}" leads out of its volume`);
      return;
    }
    probe = path.dirname(probe);
  }
}
