// All containers of a pod start anew, init containers first, when one of them ends in a way that a rule of it says so (KEP-5532). The pod
// keeps its sandbox, address and volumes. Which containers are of before shows in what the runtime has, so an agent that was away goes on.

import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import { history, latest, type ObservedContainer, type ObservedPod } from './observed.ts';
import { restartDelay, ruleFor } from './restart.ts';

/** A restart of all containers that is not through yet. */
export interface Round {
  /** Whose end began it. */
  readonly trigger: ObservedContainer;
  /** Runs of before, by id: what still runs of them ends, and each is followed by a new one whatever its policy says. */
  readonly past: ReadonlySet<string>;
  /** When the first container may start again: one that causes this again and again waits longer each time. */
  readonly startsAt: number;
}

/** Whether a rule of the container asks for it. */
export function mayRestartAll({ spec }: PodContainer): boolean {
  return (spec.restartPolicyRules ?? []).some(({ action }) => action === 'RestartAllContainers');
}

export function restartRound(pod: Pod, observed: ObservedPod): Round | undefined {
  const containers = podContainers(pod).filter(({ kind }) => kind !== 'ephemeral');
  const [trigger] = containers
    .filter(mayRestartAll)
    .flatMap((container) => history(observed, container.name).filter((run) => asks(container, run, observed)))
    .sort((a, b) => b.finishedAt - a.finishedAt);
  if (!trigger) return undefined;
  const names = new Set(containers.map(({ name }) => name));
  const past = new Set(
    observed.containers
      // One that is only just being made has no time yet.
      .filter(({ name, createdAt }) => names.has(name) && createdAt > 0 && createdAt <= trigger.finishedAt)
      .map(({ id }) => id),
  );
  const through = containers.every(({ name }) => !past.has(latest(observed, name)?.id ?? ''));
  return through ? undefined : { trigger, past, startsAt: trigger.finishedAt + restartDelay(trigger) };
}

/** What there is of the containers since then. */
export function sinceRound(observed: ObservedPod, round: Round | undefined): ObservedPod {
  return round ? { ...observed, containers: observed.containers.filter(({ id }) => !round.past.has(id)) } : observed;
}

function asks(container: PodContainer, run: ObservedContainer, { sandboxes }: ObservedPod): boolean {
  return (
    run.state === 'exited' &&
    !run.resized &&
    // In a new sandbox everything has begun anew already.
    run.sandboxId === sandboxes[0]?.id &&
    ruleFor(container, run.exitCode)?.action === 'RestartAllContainers'
  );
}
