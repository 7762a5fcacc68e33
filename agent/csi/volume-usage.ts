// What a driver says of how full a volume is. Pure. Source: CSI, VolumeUsage.

import type { VolumeUse } from '../volumes/volume-use.ts';
import { usageUnits } from './messages.ts';

export interface UsageAnswer {
  readonly usage: readonly {
    readonly available: number;
    readonly total: number;
    readonly used: number;
    readonly unit: number;
  }[];
}

/** Undefined where it says nothing that could be one. */
export function volumeUseOf({ usage }: UsageAnswer): VolumeUse | undefined {
  const of = (unit: number) =>
    usage.find((each) => each.unit === unit && [each.total, each.available, each.used].every((amount) => amount >= 0));
  const [bytes, inodes] = [of(usageUnits.bytes), of(usageUnits.inodes)];
  if (!bytes && !inodes) return undefined;
  return {
    ...(bytes && { capacity: bytes.total, available: bytes.available, used: bytes.used }),
    ...(inodes && { inodes: inodes.total, inodesFree: inodes.available, inodesUsed: inodes.used }),
  };
}
