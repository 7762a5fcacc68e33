// How full the volumes behind claims are, under kubelet's own names. Pure.

import { type Family, labelsOf } from '../../core/metrics/family.ts';
import type { UsedVolume } from '../volumes/volume-usage.ts';
import type { VolumeUse } from '../volumes/volume-use.ts';

const figures: readonly (readonly [suffix: string, help: string, field: keyof VolumeUse])[] = [
  ['capacity_bytes', 'Capacity of the volume in bytes', 'capacity'],
  ['available_bytes', 'Bytes of the volume that are available', 'available'],
  ['used_bytes', 'Bytes of the volume that are used', 'used'],
  ['inodes', 'Most inodes that the volume can have', 'inodes'],
  ['inodes_free', 'Free inodes of the volume', 'inodesFree'],
  ['inodes_used', 'Used inodes of the volume', 'inodesUsed'],
];

/** Of each claim once, however many pods have it. What nobody says has no series. */
export function volumeMetrics(volumes: readonly UsedVolume[]): Family[] {
  const byClaim = new Map(
    volumes.flatMap((each) => (each.claim === undefined ? [] : [[`${each.namespace}/${each.claim}`, each] as const])),
  );
  return figures.map(([suffix, help, field]) => ({
    name: `kubelet_volume_stats_${suffix}`,
    type: 'gauge',
    help,
    series: [...byClaim.values()].flatMap(({ namespace, claim = '', use }) => {
      const value = use[field];
      return value === undefined ? [] : [{ labels: labelsOf({ namespace, persistentvolumeclaim: claim }), value }];
    }),
  }));
}
