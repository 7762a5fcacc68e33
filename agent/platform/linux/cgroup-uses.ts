// What pods use of memory and of process ids, by their cgroups.

import type { PodUses } from '../../eviction/measure.ts';
import type { CgroupReader } from '../../stats/cgroup-use.ts';

export interface PodCgroupReader {
  readonly reader: Pick<CgroupReader, 'use'>;
  readonly pod: (uid: string) => string;
}

export function cgroupUses({ reader, pod }: PodCgroupReader): PodUses {
  return async (pods) =>
    new Map(
      pods.map(({ metadata: { uid } }) => {
        const use = reader.use(pod(uid));
        return [uid, { memory: use?.memory.workingSet ?? 0, processes: use?.threads ?? 0 }];
      }),
    );
}
