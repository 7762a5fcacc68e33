// Which pods leave a node that is drained. Source: kubectl drain.

import type { V1Pod } from '../../generated/kubernetes.ts';
import { isFinished } from '../kinds/core/pod/semantics/state.ts';

/** What a DaemonSet makes comes again, a mirror of a node's own pod is no pod, and what has run to its end does nothing there. */
export function leavesDrainedNode(pod: V1Pod): boolean {
  if (isFinished(pod)) return false;
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false;
  return !pod.metadata?.ownerReferences?.some(({ controller, kind }) => controller && kind === 'DaemonSet');
}
