// Which instance of a container a log request means. The rules and the words are the kubelet's: clients and tests read them. Pure.

import { badRequest } from '../../core/machinery/status.ts';
import type { V1ContainerStatus } from '../../generated/kubernetes.ts';
import { history, type ObservedContainer } from '../pods/observed.ts';
import type { StreamPod } from './stream-pods.ts';

export interface LogSubject {
  readonly pod: string;
  readonly container: string;
  readonly previous: boolean;
}

/** Throws BadRequest with what the container waits for. */
export function logSource(pod: StreamPod | undefined, subject: LogSubject): ObservedContainer {
  const { container: name, previous } = subject;
  const of = `container ${JSON.stringify(name)} in pod ${JSON.stringify(subject.pod)}`;
  const instances = pod ? history(pod.observed, name) : [];
  const status = statusOf(pod, name);
  const lastEnd = byId(instances, status?.lastState?.terminated?.containerID);
  if (previous) {
    // The status may be older than what runs: the instance before the newest is previous whatever it says.
    const found = lastEnd ?? instances.slice(1).find(({ state }) => state === 'exited');
    if (!found) throw badRequest(`previous terminated ${of} not found`);
    return found;
  }
  const [newest] = instances;
  if (newest && newest.state !== 'created') return newest;
  if (lastEnd) return lastEnd;
  const reason = status?.state?.waiting?.reason;
  if (status?.state?.terminated) throw badRequest(`${of} is terminated`);
  if (reason === 'ErrImagePull') throw badRequest(`${of} is waiting to start: image can't be pulled`);
  if (reason === 'ImagePullBackOff') throw badRequest(`${of} is waiting to start: trying and failing to pull image`);
  throw badRequest(`${of} is waiting to start: ${reason ?? 'ContainerCreating'}`);
}

function statusOf(pod: StreamPod | undefined, name: string): V1ContainerStatus | undefined {
  const { status } = pod ?? {};
  return [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find((each) => each.name === name);
}

/** `containerID` is the runtime's name, `://`, and the id. */
function byId(instances: readonly ObservedContainer[], containerID: string | undefined): ObservedContainer | undefined {
  const id = containerID?.replace(/^[^:]*:\/\//, '');
  return id ? instances.find((each) => each.id === id) : undefined;
}
