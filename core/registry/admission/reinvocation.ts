// A second round of mutation: when a webhook or a policy changed an object after others had seen it, the built-in plugins, and
// those of the others that ask for it, see it once more. Source: admissionregistration.k8s.io/v1, reinvocationPolicy.

import type { Attributes } from './plugin.ts';

export interface Round {
  readonly number: 0 | 1;
  /** Who ran in the first round, by when the object was changed after it. */
  readonly seen: Map<string, number>;
  /** How often the object was changed by webhooks and policies so far. */
  changes: number;
}

const rounds = new WeakMap<Attributes, Round>();

export function startRound(attributes: Attributes): Round {
  const before = rounds.get(attributes);
  const round: Round = { number: before ? 1 : 0, seen: before?.seen ?? new Map(), changes: before?.changes ?? 0 };
  rounds.set(attributes, round);
  return round;
}

/** Whether `name` is to run in this round. */
export function runsNow(attributes: Attributes, name: string, reinvocationPolicy: string | undefined): boolean {
  const round = rounds.get(attributes);
  if (!round || round.number === 0) return true;
  const seen = round.seen.get(name);
  return reinvocationPolicy === 'IfNeeded' && (seen === undefined || seen < round.changes);
}

export function ran(attributes: Attributes, name: string, changed: boolean): void {
  const round = rounds.get(attributes);
  if (!round) return;
  if (changed) round.changes += 1;
  round.seen.set(name, round.changes);
}
