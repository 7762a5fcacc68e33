// What volumes want of the system of their node: each has its own means (agent/platform).

import type { NodeFiles } from '../files/node-files.ts';
import type { NfsClient } from './nfs-client.ts';
import type { VolumeUse } from './volume-use.ts';

/** Which mount of which container. */
export interface SubPathPlace {
  readonly uid: string;
  readonly volume: string;
  readonly container: string;
  /** Among the container's mounts. */
  readonly index: number;
}

export interface VolumeFile {
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/** Relative path -> file. */
export type Payload = ReadonlyMap<string, VolumeFile>;

export interface VolumeHost {
  readonly files: NodeFiles;
  /** Makes what all pods' volumes lie in. `memoryDir`: what is there never reaches a disk, where the system has means for that. Idempotent. */
  prepareRoots(podsDir: string, memoryDir: string): Promise<void>;
  /**
   * Puts a set of files in place in one step: readers see all of the old or all of the new. Gives true when anything changed. `gid` owns
   * the files when given (a pod's fsGroup). Throws VolumeError for a path that is none in the volume.
   */
  writeFiles(directory: string, payload: Payload, gid: number | undefined): Promise<boolean>;
  /** Has a directory, which is there, in memory. `size`: bytes that it may hold. Idempotent. */
  inMemory(directory: string, size: number | undefined): Promise<void>;
  /** Gives a volume to a pod's fsGroup. Throws VolumeError. */
  ownByGroup(directory: string, gid: number): Promise<void>;
  /**
   * A part of the volume that lies at `volumePath` as a path that no container can lead elsewhere. It is made, as a directory, where it
   * is missing. Throws VolumeError.
   */
  subPath(podsDir: string, place: SubPathPlace, volumePath: string, inner: string): Promise<string>;
  /** Takes away what is mounted at or below a directory. */
  unmountBelow(directory: string): Promise<void>;
  /** Runs `use`, which makes one call after the other on files at `path` and below. Throws VolumeError where nobody answers for them. */
  onFilesOf<T>(path: string, use: () => Promise<T>): Promise<T>;
  /** How full the file system is that a directory lies on; undefined where it cannot be said. */
  use(directory: string): Promise<VolumeUse | undefined>;
  /** A path of the node as its administrator wrote it; undefined: it is relative, or leads up. */
  absolute(path: string): string | undefined;
  /** Undefined: NFS is not mounted here. */
  readonly nfs?: NfsClient;
}
