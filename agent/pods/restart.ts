// When an ended container runs again: restart policies, and the back-off between crashes.
// Source: Kubernetes, "Pod Lifecycle", sections on restart policy and on how pods handle problems with containers.

import type { V1ContainerRestartRule } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import type { ObservedContainer } from './observed.ts';

const backoff = { firstMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 } as const;

/** Whether a container that ended like this is to run again. */
export function restarts(
  pod: Pod,
  container: PodContainer,
  { exitCode, resized }: Pick<ObservedContainer, 'exitCode' | 'resized'>,
): boolean {
  if (container.kind === 'ephemeral') return false;
  if (resized) return true;
  if (container.kind === 'sidecar') return true;
  if (ruleFor(container, exitCode)) return true;
  const policy = container.spec.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  // An init container that succeeded is done, whatever the policy says.
  if (container.kind === 'init') return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** The first of its rules for such an end; each restarts it, alone or with all others of its pod (KEP-5307, KEP-5532). */
export function ruleFor({ spec }: PodContainer, exitCode: number): V1ContainerRestartRule | undefined {
  return (spec.restartPolicyRules ?? []).find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes !== undefined && (exitCodes.operator === 'In') === listed;
  });
}

/** How many quick restarts the successor of `ended` counts. */
export function nextQuickRestarts(ended: ObservedContainer | undefined): number {
  if (!ended) return 0;
  return ranLong(ended) ? 1 : ended.quickRestarts + 1;
}

/** How long after its end the container waits: the first restart comes at once, then 10 s, 20 s, up to 5 min. */
export function restartDelay(ended: ObservedContainer): number {
  const count = ranLong(ended) ? 0 : ended.quickRestarts;
  return count === 0 ? 0 : Math.min(backoff.firstMs * 2 ** (count - 1), backoff.maxMs);
}

function ranLong(ended: ObservedContainer): boolean {
  return ended.startedAt > 0 && ended.finishedAt - ended.startedAt >= backoff.resetAfterMs;
}
