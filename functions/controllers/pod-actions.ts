// Pods made and removed for an owner, with the events that `kubectl describe` shows at the owner.

import type { Regarding } from '../../core/registry/event-recorder.ts';
import type { Action } from './controller.ts';
import type { Pod } from './pod-state.ts';

/** Makes a pod; `name` is the one in its metadata. */
export function createPod(owner: Regarding, name: string, pod: object): Action<'pods'> {
  return {
    do: 'create',
    type: 'pods',
    object: pod,
    announce: {
      regarding: owner,
      success: { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${name}` },
      failure: { type: 'Warning', reason: 'FailedCreate', message: 'Error creating: ' },
    },
  };
}

/** Removes that very pod, not one that took its name since. */
export function deletePod(owner: Regarding, { metadata: { namespace = '', name, uid } }: Pod): Action<'pods'> {
  return {
    do: 'delete',
    type: 'pods',
    namespace,
    name,
    options: { preconditions: { uid } },
    announce: {
      regarding: owner,
      success: { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` },
      failure: { type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: ' },
    },
  };
}
