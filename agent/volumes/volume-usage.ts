// How full the volumes of this node's pods are, as far as somebody can say so: a CSI driver, or the file system of a directory. Asked for
// when somebody reads it, at most once a minute of each volume; one that hangs is left out, and is not asked again before it has answered.
// Source: kubelet's volume stats aggregator; CSI, NodeGetVolumeStats.

import path from 'node:path';
import type { Pod } from '../pod/pod.ts';
import { claimedVolume } from './claims.ts';
import { VolumeError } from './volume-error.ts';
import type { VolumeContext, VolumeParts } from './volume-type.ts';
import { inlineSource } from './volume-types.ts';
import type { VolumeUse } from './volume-use.ts';

export interface UsedVolume {
  /** Of the pod. */
  readonly uid: string;
  readonly namespace: string;
  /** In its pod. */
  readonly name: string;
  /** Of the pod's namespace. */
  readonly claim: string | undefined;
  /** When it was asked for, Unix milliseconds. */
  readonly at: number;
  readonly use: VolumeUse;
}

export interface VolumeUsageOptions {
  readonly parts: VolumeParts;
  /** Holds a directory for each pod. */
  readonly podsDir: string;
  /** Whose volumes are mounted. */
  readonly pods: () => readonly Pod[];
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface VolumeUsage {
  read(): Promise<readonly UsedVolume[]>;
}

const keepMs = 60_000;
/** Whoever reads waits no longer for what is not known yet. */
const patienceMs = 3000;

interface Known {
  readonly at: number;
  readonly use: VolumeUse | undefined;
}

export function createVolumeUsage({ parts, podsDir, pods, now }: VolumeUsageOptions): VolumeUsage {
  /** By pod and volume. */
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<unknown>>();

  const ask = (key: string, context: VolumeContext, volume: { readonly name: string }): Promise<unknown> => {
    const running = asking.get(key);
    if (running) return running;
    const asked = useOf(context, volume)
      .catch(() => undefined)
      .then((use) => void known.set(key, { at: now(), use }))
      .finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  };

  return {
    async read() {
      const volumes = pods().flatMap((pod) =>
        (pod.spec.volumes ?? []).map((volume) => ({ pod, volume, key: `${pod.metadata.uid} ${volume.name}` })),
      );
      const keys = new Set(volumes.map(({ key }) => key));
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
      const stale = volumes.filter(({ key }) => now() - (known.get(key)?.at ?? Number.NEGATIVE_INFINITY) >= keepMs);
      const asked = stale.map(({ pod, volume, key }) => {
        const volumesDir = path.join(podsDir, pod.metadata.uid, 'volumes');
        const directory = path.join(volumesDir, volume.name);
        return ask(key, { ...parts, pod, name: volume.name, volumesDir, directory }, volume);
      });
      await withinPatience(Promise.all(asked));
      return volumes.flatMap(({ pod, volume, key }): UsedVolume[] => {
        const { at = 0, use } = known.get(key) ?? {};
        if (!use) return [];
        const { uid, namespace } = pod.metadata;
        return [{ uid, namespace, name: volume.name, claim: claimOf(pod, volume), at, use }];
      });
    },
  };
}

function sourceOf(volume: { readonly name: string }) {
  try {
    return inlineSource(volume);
  } catch (error) {
    if (error instanceof VolumeError) return undefined;
    throw error;
  }
}

/** The claim that it is, if it is one. */
function claimOf(pod: Pod, volume: { readonly name: string }): string | undefined {
  const found = sourceOf(volume);
  // as: of all that it could be given, a claim's name depends on the pod and the volume's name alone.
  return found?.type.claim?.(found.source, { pod, name: volume.name } as VolumeContext).claimName;
}

/** Undefined where nobody can say. */
async function useOf(context: VolumeContext, volume: { readonly name: string }): Promise<VolumeUse | undefined> {
  const { type, source } = inlineSource(volume);
  const claimed = type.claim?.(source, context);
  if (!claimed) return type.use?.(source, context, undefined);
  const behind = claimedVolume(claimed.claimName, context);
  return behind.type.use?.(behind.source, context, behind.volume);
}

async function withinPatience(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, patienceMs);
    timer.unref();
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
}
