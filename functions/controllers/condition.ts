// Conditions of a status: a new one keeps its transition time while its status stays the same.

import { canonical } from './child-name.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
  lastUpdateTime?: string | null;
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** The list with `condition` in it. Its place, and its transition time when its status did not change, are kept. */
export function setCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  condition: C,
  now: number,
): C[] {
  const list = [...(conditions ?? [])];
  const at = list.findIndex((each) => each.type === condition.type);
  const before = list[at];
  const same = before?.status === condition.status;
  const next = { ...condition, lastTransitionTime: (same && before?.lastTransitionTime) || timestamp(now) };
  if (at < 0) list.push(next);
  else list[at] = next;
  return list;
}

export function removeCondition<C extends Condition>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((each) => each.type !== type);
}

export function findCondition<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((each) => each.type === type);
}

/** Equal as JSON: the order of fields and fields that are absent do not count. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}
