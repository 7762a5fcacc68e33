// containerd.services.events.v1, for containerd 1.6, which has no GetContainerEvents of CRI.

import { decode, message } from './wire.ts';

export const SubscribeRequest = message({ filters: [1, ['string']] });
const Any = message({ typeUrl: [1, 'string'], value: [2, 'bytes'] });
export const Envelope = message({ namespace: [2, 'string'], topic: [3, 'string'], event: [4, Any] });
/** TaskExit has the process' id second: an exec's end has another id than its container. TaskStart has a number there. */
export const TaskExit = message({ containerId: [1, 'string'], id: [2, 'string'] });
export const TaskEvent = message({ containerId: [1, 'string'] });

/** The container that a task event is about; undefined for the end of a process that was only executed in it. */
export function taskOf(topic: string, bytes: Uint8Array): string | undefined {
  if (topic !== '/tasks/exit') return decode(TaskEvent, bytes).containerId;
  const exit = decode(TaskExit, bytes);
  return exit.id === exit.containerId ? exit.containerId : undefined;
}
