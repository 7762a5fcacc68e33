// What a node does for one type of volume.

import type { InlineSource, PersistentSource, VolumeTypeName } from '../../core/kinds/core/pod/volumes/volume-type.ts';
import type {
  V1ConfigMap,
  V1CSIPersistentVolumeSource,
  V1CSIVolumeSource,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Secret,
} from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import type { NodeCapacity } from '../pod/resources.ts';
import type { ImageVolumes } from './image-volume.ts';
import type { TokenSource } from './tokens.ts';
import type { VolumeFile, VolumeHost } from './volume-host.ts';
import type { VolumeUse } from './volume-use.ts';

export interface VolumeObjects {
  configMap(namespace: string, name: string): V1ConfigMap | undefined;
  secret(namespace: string, name: string): V1Secret | undefined;
  claim(namespace: string, name: string): V1PersistentVolumeClaim | undefined;
  volume(name: string): V1PersistentVolume | undefined;
}

/** What a node has for its volumes. */
export interface VolumeParts {
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  readonly allocatable: NodeCapacity;
  readonly objects: VolumeObjects;
  readonly tokens: TokenSource;
  readonly host: VolumeHost;
  /** Without it, volumes that are images are refused. */
  readonly images?: ImageVolumes;
  /** Without it, volumes of CSI drivers are. */
  readonly csi?: CsiVolumes;
}

export interface MountedVolume {
  /** On the node. */
  readonly path: string;
  /** The source itself cannot be written (a claim or volume that says readOnly). */
  readonly readOnly: boolean;
  /** It is a block device, which containers have as that. */
  readonly device?: true;
}

/** A volume of a pod, to make or to keep up to date. */
export interface VolumeContext extends VolumeParts {
  readonly pod: Pod;
  /** The volume's name. */
  readonly name: string;
  /** Where all volumes of the pod are that lie on a disk. */
  readonly volumesDir: string;
  /** The volume's own, which goes with the pod; the type makes it if it wants one. */
  readonly directory: string;
}

/** What a node's CSI drivers do (agent/csi). */
export interface CsiVolumes {
  persistent(
    source: V1CSIPersistentVolumeSource,
    volume: V1PersistentVolume,
    context: VolumeContext,
    readOnly: boolean,
  ): Promise<Pick<MountedVolume, 'path' | 'device'>>;
  /** Makes it as large as its PersistentVolume says, where its claim does not say that it is. */
  grow(source: V1CSIPersistentVolumeSource, volume: V1PersistentVolume, context: VolumeContext): Promise<void>;
  /** One that lives as long as its pod. */
  inline(source: V1CSIVolumeSource, context: VolumeContext): Promise<MountedVolume>;
  /** Takes all of a pod's back. Throws VolumeError where a driver does not: it is asked again. */
  release(uid: string): Promise<void>;
  /** Pods that there is something of. */
  known(): Promise<string[]>;
  /** How full a pod's volume is, as its driver says; undefined where it does not. `name`: of its PersistentVolume, else in its pod. */
  use(uid: string, name: string): Promise<VolumeUse | undefined>;
  /** As the node's status names them: what may not be detached. */
  inUse(): readonly string[];
}

/** Path below the volume -> file. */
export type VolumeFiles = Map<string, VolumeFile>;

/** What stands behind a volume that is a claim, of the pod's namespace. */
export interface ClaimedVolume {
  readonly claimName: string;
  readonly readOnly: boolean;
}

/** One of `files`, `mount` and `claim` where a pod can have such a volume, `persistent` where a PersistentVolume can be one. */
export interface NodeVolumeType<Inline = object, Persistent = object> {
  /** Its directory is on a tmpfs: nothing of it reaches a disk. */
  readonly inMemory?: true;
  /** Only the containers that mount it wait for it; any other volume holds up the whole pod. */
  readonly awaitedByItsContainers?: true;
  /** All that is in it, now: written when the volume is made and when it changes. Throws VolumeError for what is not there. */
  files?(source: Inline, context: VolumeContext): Promise<VolumeFiles>;
  /** Makes it. Idempotent. Throws VolumeError, of an image ImageError too. */
  mount?(source: Inline, context: VolumeContext): Promise<MountedVolume>;
  /** The claim that it is. */
  claim?(source: Inline, context: VolumeContext): ClaimedVolume;
  /** Where it is on this node, for a pod that may write it or not. Throws VolumeError. */
  persistent?(
    source: Persistent,
    context: VolumeContext,
    readOnly: boolean,
    volume: V1PersistentVolume,
  ): Promise<string | Omit<MountedVolume, 'readOnly'>>;
  /** Brings up to date what `persistent` made. Throws VolumeError. */
  refresh?(source: Persistent, context: VolumeContext, volume: V1PersistentVolume): Promise<void>;
  /** How full it is; undefined where nobody can say. `volume`: the PersistentVolume that it is. */
  use?(
    source: Inline | Persistent,
    context: VolumeContext,
    volume: V1PersistentVolume | undefined,
  ): Promise<VolumeUse | undefined>;
  /** Gives back what its volumes of a pod held, once all of the pod is unmounted. */
  release?(uid: string, volumesDir: string, parts: VolumeParts): Promise<void>;
}

export type NodeVolumeTypeOf<Name extends VolumeTypeName> = NodeVolumeType<InlineSource<Name>, PersistentSource<Name>>;

/** The group that a pod's volumes are given to, if there is one. */
export function groupOf(pod: Pod): number | undefined {
  const group = pod.spec.securityContext?.fsGroup;
  return group === undefined ? undefined : Number(group);
}
