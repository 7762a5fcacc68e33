// What an autoscaler remembers: which numbers it would have chosen lately, and what it changed. Kubernetes keeps this in memory and
// loses it with its process; a function has no memory, so it stands in an annotation, small, and written only when it changes.

import { parseJson } from '../../core/machinery/json.ts';

/** A number that was recommended, last at `until` (Unix milliseconds); without `until`: it still is. */
export interface Recommendation {
  readonly replicas: number;
  readonly until?: number;
}

/** So many replicas were added or taken away at a time. */
export interface ScaleEvent {
  readonly at: number;
  readonly change: number;
}

export interface History {
  /** Oldest first. */
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

export const historyAnnotation = 'zeroplane.dev/autoscaling-history';

/** What cannot be read counts as nothing remembered, as after a restart of Kubernetes' own controller. */
export function readHistory(annotations: Readonly<Record<string, string>> | undefined): History {
  const nothing = { recommendations: [], ups: [], downs: [] };
  try {
    // as: checked below; anybody may have written into the annotation.
    const { recommendations, ups, downs } = parseJson(annotations?.[historyAnnotation] ?? 'null') as History;
    const events = [ups, downs].every((each) => each.every(({ at, change }) => isNumber(at) && isNumber(change)));
    const known = recommendations.every(({ replicas, until = 0 }) => isNumber(replicas) && isNumber(until));
    return events && known ? { recommendations, ups, downs } : nothing;
  } catch {
    return nothing;
  }
}

export function writeHistory(history: History): Record<string, string> {
  return { [historyAnnotation]: JSON.stringify(history) };
}

/**
 * The history with `replicas` recommended now. `confirmedAt`: when the one before was last recommended, about one round ago. Kept is
 * what may still be the highest or the lowest of the last `keepMs`.
 */
export function recommend(
  history: readonly Recommendation[],
  replicas: number,
  { now, confirmedAt, keepMs }: { readonly now: number; readonly confirmedAt: number; readonly keepMs: number },
): Recommendation[] {
  const last = history.at(-1);
  const closed =
    last && last.until === undefined && last.replicas !== replicas
      ? [...history.slice(0, -1), { ...last, until: confirmedAt }]
      : last?.until === undefined
        ? history.slice(0, -1)
        : history;
  const kept: Recommendation[] = [];
  let [highest, lowest] = [replicas, replicas];
  for (const each of [...closed].reverse()) {
    if ((each.until ?? now) <= now - keepMs) break;
    if (each.replicas <= highest && each.replicas >= lowest) continue;
    highest = Math.max(highest, each.replicas);
    lowest = Math.min(lowest, each.replicas);
    kept.unshift(each);
  }
  return [...kept, { replicas }];
}

/** What was recommended within the last `windowMs`, beyond what is recommended now. */
export function recent(
  history: readonly Recommendation[],
  windowMs: number,
  now: number,
  confirmedAt: number,
): number[] {
  return history.filter(({ until = confirmedAt }) => until > now - windowMs).map((each) => each.replicas);
}

/** The sum of changes within the last `periodMs`. */
export function changed(events: readonly ScaleEvent[], periodMs: number, now: number): number {
  return events.filter(({ at }) => at > now - periodMs).reduce((sum, { change }) => sum + change, 0);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
