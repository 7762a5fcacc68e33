// Why no node will do, as kubectl users know it: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`

import type { ClassPlan } from './class-plan.ts';
import type { Model } from './model.ts';
import type { Reason, Reasons } from './reason.ts';
import type { TopologyView } from './topology.ts';
import type { VolumeView } from './volumes.ts';

export interface Explanation {
  readonly message: string;
  readonly blockedBy: ReadonlySet<Reason['kind']>;
}

export function explain(
  model: Model,
  plan: ClassPlan,
  topology: TopologyView | undefined,
  volumes: VolumeView | undefined,
): Explanation {
  const total = model.nodes.size;
  if (total === 0) return { message: 'no nodes available to schedule pods', blockedBy: new Set(['node']) };
  if (volumes?.never !== undefined)
    return { message: `0/${total} nodes are available: ${volumes.never}.`, blockedBy: new Set(['volumes']) };
  const counts = new Map(plan.tally());
  if (topology || volumes) {
    for (const node of model.nodes.values()) {
      if (plan.refused(node.slot)) continue;
      const refused = volumes?.refused(node) ?? topology?.refused(node.slot);
      if (refused) counts.set(refused, (counts.get(refused) ?? 0) + 1);
    }
  }
  const blockedBy = new Set<Reason['kind']>();
  for (const list of counts.keys()) for (const { kind } of list) blockedBy.add(kind);
  return { message: `0/${total} nodes are available: ${countedReasons(counts)}.`, blockedBy };
}

/** `1 Insufficient cpu, 2 Too many pods`. */
export function countedReasons(counts: ReadonlyMap<Reasons, number>): string {
  const byText = new Map<string, number>();
  for (const [list, count] of counts) for (const { text } of list) byText.set(text, (byText.get(text) ?? 0) + count);
  return [...byText]
    .map(([text, count]) => `${count} ${text}`)
    .sort()
    .join(', ');
}
