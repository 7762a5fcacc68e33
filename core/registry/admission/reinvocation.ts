// A second round of mutation: when a webhook or a policy changed an object after others had seen it, the built-in plugins, and
// those of the others that ask for it, see it once more. Source: admissionregistration.k8s.io/v1, reinvocationPolicy.

import type { Attributes } from './plugin.ts';

interface Round {
  readonly number: 0 | 1;
  /** Who ran in the first round, by when the object was changed after it. */
  readonly seen: Map<string, number>;
  /** How often the object was changed by webhooks and policies so far. */
  changes: number;
}

/** Of writes that a webhook or a policy looked at: most are looked at by none. */
const rounds = new WeakMap<Attributes, Round>();

/** Whether there is to be a second round, which then begins. */
export function startReinvocation(attributes: Attributes): boolean {
  const round = rounds.get(attributes);
  if (!round || round.changes === 0) return false;
  rounds.set(attributes, { ...round, number: 1 });
  return true;
}

/** Whether `name` is to run in this round. */
export function runsNow(attributes: Attributes, name: string, reinvocationPolicy: string | undefined): boolean {
  const round = rounds.get(attributes);
  if (!round || round.number === 0) return true;
  const seen = round.seen.get(name);
  return reinvocationPolicy === 'IfNeeded' && (seen === undefined || seen < round.changes);
}

export function recordRun(attributes: Attributes, name: string, changed: boolean): void {
  let round = rounds.get(attributes);
  if (!round) {
    round = { number: 0, seen: new Map(), changes: 0 };
    rounds.set(attributes, round);
  }
  if (changed) round.changes += 1;
  round.seen.set(name, round.changes);
}
