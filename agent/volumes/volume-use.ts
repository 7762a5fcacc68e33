// How full a volume is. Bytes, and counts of inodes; what nobody says is undefined.

export interface VolumeUse {
  readonly capacity?: number | undefined;
  readonly available?: number | undefined;
  readonly used?: number | undefined;
  readonly inodes?: number | undefined;
  readonly inodesFree?: number | undefined;
  readonly inodesUsed?: number | undefined;
}
