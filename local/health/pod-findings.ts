// Pods that do not do what they are for, and why; those of the system first.

import { humanDuration } from '../../core/machinery/time.ts';
import type { V1ContainerStatus, V1Pod } from '../../generated/kubernetes.ts';
import type { Listed } from './cluster-view.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

/** Until then a start, or an end, takes no longer than starts and ends do. */
const patienceMs = 60_000;
/** Each has a line; of more there is the number. */
const shown = 10;

export function podFindings({ items, cut }: Listed<V1Pod>, now: Date): Finding[] {
  const waiting = items.flatMap((pod) => {
    const why = whyNotRunning(pod, now);
    return why === undefined ? [] : [{ pod, why }];
  });
  const isSystem = ({ metadata }: V1Pod) => metadata?.namespace === 'kube-system';
  waiting.sort((a, b) => Number(isSystem(b.pod)) - Number(isSystem(a.pod)));
  const lines = waiting.slice(0, shown).map(({ pod, why }) => {
    const { namespace = '', name = '' } = pod.metadata ?? {};
    const say = isSystem(pod) ? fault : warning;
    return say(`pod ${namespace}/${name}`, why, `kubectl -n ${namespace} describe pod ${name}`);
  });
  const total = `${items.length}${cut ? ' and more, of which the first were looked at' : ''}`;
  const more = waiting.length - lines.length;
  const summary =
    waiting.length === 0
      ? `${total}: none waits`
      : `${waiting.length} of ${total} wait${more > 0 ? `, ${lines.length} of them below` : ''}`;
  return [ok('pods', summary), ...lines];
}

/** Undefined for one that runs, has ended, or has not had time to. */
function whyNotRunning({ metadata, spec, status }: V1Pod, now: Date): string | undefined {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  const since = (time: string | null | undefined) => (time ? now.getTime() - Date.parse(time) : 0);
  if (metadata?.deletionTimestamp) {
    const late = since(metadata.deletionTimestamp);
    return late > patienceMs ? `should have been gone ${humanDuration(late)} ago` : undefined;
  }
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return scheduled.message ?? scheduled.reason ?? 'no node takes it';
  const old = since(metadata?.creationTimestamp);
  if (!spec?.nodeName) return old > patienceMs ? `no scheduler has looked at it for ${humanDuration(old)}` : undefined;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const stuck = containers.map(whyWaits).find((why) => why !== undefined);
  if (stuck !== undefined) return stuck;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True' || old < patienceMs) return undefined;
  if (ready === undefined) return `its node has not started it for ${humanDuration(old)}`;
  const late = since(ready.lastTransitionTime);
  return late > patienceMs ? `is not ready for ${humanDuration(late)}: ${ready.message ?? ready.reason}` : undefined;
}

function whyWaits({ name, state, lastState, restartCount }: V1ContainerStatus): string | undefined {
  const { reason, message } = state?.waiting ?? {};
  if (reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing') return undefined;
  const { exitCode, reason: ended } = lastState?.terminated ?? {};
  const last =
    exitCode === undefined
      ? ''
      : ` (it ended ${restartCount} times, last with ${exitCode}${ended === 'OOMKilled' ? ', out of memory' : ''})`;
  return `container ${name}: ${reason}${message ? `: ${message}` : ''}${last}`;
}
