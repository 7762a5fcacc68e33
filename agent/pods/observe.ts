// Reads what the runtime has of this node's pods.

import { errorText } from '../../core/machinery/error-text.ts';
import { GrpcError, grpcCodes } from '../cri/grpc.ts';
import type { ContainerStatusInfo } from '../cri/messages.ts';
import { containerStates } from '../cri/messages.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed.ts';
import { annotations, labels, observeContainer, observeSandbox } from './observed.ts';
import { podLogName, terminationFile } from './pod-context.ts';
import type { PodHost } from './pod-host.ts';
import { terminationMessage } from './termination-message.ts';

export interface ObserveContext {
  readonly runtime: ContainerRuntime;
  readonly nodeName: string;
  readonly podsDir: string;
  readonly logsDir: string;
  readonly host: Pick<PodHost, 'files'>;
}

export interface FoundPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** The pod's own terminationGracePeriodSeconds. */
  readonly graceSeconds: number;
  readonly observed: ObservedPod;
  /**
   * Why the runtime could not tell the state of some of it, where it could not: `observed` has of that what it lists, by which the pod can be
   * ended, and not judged.
   */
  readonly unread?: string;
}

interface Gathered {
  readonly name: string;
  readonly namespace: string;
  graceSeconds: number;
  readonly sandboxes: ObservedSandbox[];
  readonly containers: ObservedContainer[];
  unread?: string;
}

/** What a list does not say. */
const unknownOfSandbox = { network: undefined, linux: undefined } as const;
const unknownOfContainer = {
  ...{ startedAt: 0n, finishedAt: 0n, exitCode: 0, reason: '', message: '' },
  ...{ mounts: [], logPath: '', imageId: '' },
} as const;

/** Every pod that the agent of this node made; with `uid`, only that one. Throws GrpcError where the runtime lists nothing. */
export async function observePods(context: ObserveContext, uid?: string): Promise<Map<string, FoundPod>> {
  const { runtime, nodeName } = context;
  const filter = { filter: { labelSelector: { [labels.node]: nodeName, ...(uid && { [labels.podUid]: uid }) } } };
  const [{ items }, { containers }] = await Promise.all([
    runtime.listPodSandbox(filter),
    runtime.listContainers(filter),
  ]);
  const found = new Map<string, Gathered>();
  const entry = (of: Record<string, string>) => {
    const id = of[labels.podUid] ?? '';
    const existing = found.get(id);
    if (existing) return existing;
    const { [labels.podName]: name = '', [labels.podNamespace]: namespace = '' } = of;
    const made: Gathered = { name, namespace, graceSeconds: 30, sandboxes: [], containers: [] };
    found.set(id, made);
    return made;
  };
  /** What is wrong with one pod keeps nobody from reading the others. */
  const orListed =
    <T>(of: Record<string, string>, listed: () => T) =>
    (error: unknown): T => {
      entry(of).unread ??= errorText(error);
      return listed();
    };
  await Promise.all([
    ...items.map(async (item) => {
      const listed = () => observeSandbox({ ...item, ...unknownOfSandbox });
      const sandbox = await readSandbox(runtime, item.id).catch(orListed(item.labels, listed));
      if (!sandbox) return;
      const pod = entry(item.labels);
      pod.sandboxes.push(sandbox);
      pod.graceSeconds = Number(item.annotations[annotations.terminationGracePeriod] ?? 30);
    }),
    ...containers.map(async (item) => {
      const listed = () => observeContainer({ ...item, ...unknownOfContainer }, item.podSandboxId, '');
      const container = await readContainer(context, item.id, item.podSandboxId).catch(orListed(item.labels, listed));
      if (container) entry(item.labels).containers.push(container);
    }),
  ]);
  return new Map(
    [...found].map(([id, { sandboxes, containers: of, ...pod }]) => [
      id,
      { uid: id, ...pod, observed: { sandboxes: newestFirst(sandboxes), containers: of } },
    ]),
  );
}

export function newestFirst(sandboxes: readonly ObservedSandbox[]): ObservedSandbox[] {
  return [...sandboxes].sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
}

/** Undefined when it is gone. */
export async function readSandbox(runtime: ContainerRuntime, id: string): Promise<ObservedSandbox | undefined> {
  const { status } = await runtime.podSandboxStatus({ podSandboxId: id }).catch(absent);
  return status && observeSandbox(status);
}

/** Undefined when it is gone. */
export async function readContainer(
  context: ObserveContext,
  id: string,
  sandboxId: string,
): Promise<ObservedContainer | undefined> {
  const { status } = await context.runtime.containerStatus({ containerId: id }).catch(absent);
  if (!status) return undefined;
  const message = status.state === containerStates.exited ? await messageOf(context, status) : '';
  return observeContainer(status, sandboxId, message);
}

function messageOf(context: ObserveContext, status: ContainerStatusInfo): Promise<string> {
  const uid = status.labels[labels.podUid] ?? '';
  const namespace = status.labels[labels.podNamespace] ?? '';
  const name = status.labels[labels.podName] ?? '';
  const { name: container = '', attempt = 0 } = status.metadata ?? {};
  const logs = podLogName({ metadata: { uid, namespace, name } });
  return terminationMessage({
    files: context.host.files,
    file: { directory: context.podsDir, inner: terminationFile(uid, container, attempt) },
    policy: status.annotations[annotations.terminationMessagePolicy] ?? 'File',
    exitCode: status.exitCode,
    logFile: { directory: context.logsDir, inner: `${logs}/${container}/${attempt}.log` },
  });
}

/** A status that cannot be had is that of a container that is gone, if the runtime says so. */
function absent(error: unknown): { status: undefined } {
  if (error instanceof GrpcError && error.code === grpcCodes.notFound) return { status: undefined };
  throw error;
}
