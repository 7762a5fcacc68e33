// Reads what the runtime has of this node's pods.

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
}

/** Every pod that the agent of this node made; with `uid`, only that one. Throws GrpcError. */
export async function observePods(context: ObserveContext, uid?: string): Promise<Map<string, FoundPod>> {
  const { runtime, nodeName } = context;
  const filter = { filter: { labelSelector: { [labels.node]: nodeName, ...(uid && { [labels.podUid]: uid }) } } };
  const [{ items }, { containers }] = await Promise.all([
    runtime.listPodSandbox(filter),
    runtime.listContainers(filter),
  ]);
  const found = new Map<
    string,
    {
      name: string;
      namespace: string;
      graceSeconds: number;
      sandboxes: ObservedSandbox[];
      containers: ObservedContainer[];
    }
  >();
  const entry = (of: Record<string, string>) => {
    const id = of[labels.podUid] ?? '';
    const existing = found.get(id);
    if (existing) return existing;
    const { [labels.podName]: name = '', [labels.podNamespace]: namespace = '' } = of;
    const made = { name, namespace, graceSeconds: 30, sandboxes: [], containers: [] };
    found.set(id, made);
    return made;
  };
  await Promise.all([
    ...items.map(async (item) => {
      const sandbox = await readSandbox(runtime, item.id);
      if (!sandbox) return;
      const pod = entry(item.labels);
      pod.sandboxes.push(sandbox);
      pod.graceSeconds = Number(item.annotations[annotations.terminationGracePeriod] ?? 30);
    }),
    ...containers.map(async (item) => {
      const container = await readContainer(context, item.id, item.podSandboxId);
      if (container) entry(item.labels).containers.push(container);
    }),
  ]);
  return new Map(
    [...found].map(([id, { name, namespace, graceSeconds, sandboxes, containers: of }]) => [
      id,
      { uid: id, name, namespace, graceSeconds, observed: { sandboxes: newestFirst(sandboxes), containers: of } },
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
