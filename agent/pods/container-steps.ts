// Starts and ends one container: the work behind the steps `startContainer` and `killContainer`.

import fs from 'node:fs/promises';
import path from 'node:path';
import { errorText } from '../../core/machinery/error-text.ts';
import type { V1Secret } from '../../generated/kubernetes.ts';
import { GrpcError, grpcCodes } from '../cri/grpc.ts';
import type { ImageInfo } from '../cri/messages.ts';
import { ImageError } from '../images/image-error.ts';
import { ConfigError, environment } from '../pod/environment.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import type { CheckTarget } from '../probes/check.ts';
import { volumeDevices, volumeMounts } from '../volumes/mounts.ts';
import { VolumeError } from '../volumes/volume-error.ts';
import type { MountedVolume } from '../volumes/volume-type.ts';
import { containerConfig, containerLogPath } from './container-config.ts';
import { runHook } from './hook.ts';
import { hostsFile } from './hosts-file.ts';
import { removeLogs } from './log-rotation.ts';
import type { ObservedContainer } from './observed.ts';
import type { PodContext } from './pod-context.ts';
import { podLogDirectory, terminationFile } from './pod-context.ts';
import type { SandboxContext } from './sandbox-config.ts';
import { fullyQualifiedName, hostname, sandboxConfig } from './sandbox-config.ts';
import type { Begun } from './start-ahead.ts';
import type { StartLatency } from './start-latency.ts';
import type { BackoffCause } from './step-backoff.ts';

/** Why a container does not start; `reason` is what its status shows while it waits. */
export class StartError extends Error {
  readonly reason: string;
  /** How long it waits, and for what. */
  override readonly cause: BackoffCause;
  /** The image that it waits for: the container's own, or one that is a volume. */
  readonly image: string | undefined;

  constructor(reason: string, text: string, cause: BackoffCause, image?: string) {
    super(text);
    this.name = 'StartError';
    this.reason = reason;
    this.cause = cause;
    this.image = image;
  }
}

/** The runtime does not answer at all: what it was asked for may well be right. */
export function isAway(error: unknown): boolean {
  return error instanceof GrpcError && error.code === grpcCodes.unavailable;
}

/** The least time between SIGTERM and SIGKILL, whatever a hook has used up. */
const minGraceSeconds = 2;

export interface StartRequest {
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly attempt: number;
  readonly quickRestarts: number;
  readonly sandboxId: string;
  readonly sandboxAttempt: number;
  readonly podIPs: readonly string[];
  /** Resolves when the volumes that it mounts are there. */
  readonly volumes: Promise<ReadonlyMap<string, MountedVolume>>;
  /** What was begun while the sandbox was made. */
  readonly ahead: Begun | undefined;
  readonly targetId: string | undefined;
  readonly clock: StartLatency;
  /** Told of the id as soon as there is one. */
  readonly onCreated: (id: string) => void;
}

/** Gives the running container. Throws StartError. */
export async function startContainer(
  context: PodContext,
  request: StartRequest,
): Promise<{ readonly id: string; readonly logPath: string }> {
  const { pod, container, sandboxId } = request;
  const { runtime } = context;
  const config = await request.clock.step('prepare', prepare(context, request));
  let containerId: string;
  try {
    const call = runtime.createContainer({
      podSandboxId: sandboxId,
      config,
      sandboxConfig: sandboxConfig(pod, request.sandboxAttempt, sandboxContext(context, pod)),
    });
    const created = await request.clock.time('CreateContainer', call);
    containerId = created.containerId;
  } catch (error) {
    context.event(pod, 'Warning', 'Failed', `Error: ${errorText(error)}`, container.name);
    throw new StartError('CreateContainerError', errorText(error), isAway(error) ? 'runtime' : 'container');
  }
  request.onCreated(containerId);
  context.event(pod, 'Normal', 'Created', `Container created`, container.name);
  try {
    await request.clock.time('StartContainer', runtime.startContainer({ containerId }));
  } catch (error) {
    context.event(pod, 'Warning', 'Failed', `Error: ${errorText(error)}`, container.name);
    throw new StartError('RunContainerError', errorText(error), isAway(error) ? 'runtime' : 'container');
  }
  context.event(pod, 'Normal', 'Started', `Container started`, container.name);
  const logPath = path.join(podLogDirectory(context.logsDir, pod), containerLogPath(container.name, request.attempt));
  return { id: containerId, logPath };
}

/** The container's image, for its pod to have. Throws ImageError. */
export function ensureImage(context: PodContext, pod: Pod, container: PodContainer): Promise<ImageInfo> {
  const { namespace } = pod.metadata;
  const secrets = (pod.spec.imagePullSecrets ?? [])
    .map(({ name }) => context.objects.secret(namespace, name ?? ''))
    .filter((secret): secret is V1Secret => secret !== undefined);
  const image = container.spec.image ?? '';
  const policy = container.spec.imagePullPolicy ?? (/:latest$|^[^:@]+$/.test(image) ? 'Always' : 'IfNotPresent');
  return context.images.ensure({
    image,
    // The API allows only these three.
    policy: policy as 'Always' | 'IfNotPresent' | 'Never',
    secrets,
    onPull: (message, done) => context.event(pod, 'Normal', done ? 'Pulled' : 'Pulling', message, container.name),
  });
}

export function sandboxContext(context: PodContext, pod: Pod): SandboxContext {
  return {
    nodeName: context.nodeName,
    nodeHostname: context.nodeHostname,
    logDirectory: podLogDirectory(context.logsDir, pod),
    cgroupParent: context.cgroups.parent(pod.metadata.uid),
    dns: context.dns,
    host: context.host,
  };
}

/** Everything that goes before the runtime's own work; image and volumes at the same time. */
async function prepare(context: PodContext, request: StartRequest) {
  const { pod, container, attempt } = request;
  const { namespace, uid } = pod.metadata;
  try {
    const [found, volumes] = await Promise.all([
      request.ahead?.image ?? request.clock.step('image', ensureImage(context, pod, container)),
      request.volumes,
    ]);
    const imageUser = { uid: found.uid?.value, username: found.username };
    const violation = context.host.containerViolation({ pod, container, image: imageUser });
    if (violation) throw new ConfigError(violation);
    const variables = environment(pod, container, {
      configMap: (name) => context.objects.configMap(namespace, name),
      secret: (name) => context.objects.secret(namespace, name),
      services: context.objects.services(namespace),
      nodeName: context.nodeName,
      hostIPs: context.hostIPs,
      podIPs: request.podIPs,
      allocatable: context.allocatable,
    });
    const mounts = await volumeMounts(container, volumes, variables, context.host, ({ path: from, inner, ...place }) =>
      context.volumes.subPath({ uid, ...place }, from, inner),
    );
    const own = await ownMounts(context, request, new Set(mounts.map(({ containerPath = '' }) => containerPath)));
    return containerConfig(pod, container, {
      attempt,
      quickRestarts: request.quickRestarts,
      imageRef: found.id,
      imageUser,
      environment: variables,
      mounts: [...mounts, ...own],
      devices: volumeDevices(container, volumes),
      host: context.host,
      nodeName: context.nodeName,
      ...(request.targetId && { targetId: request.targetId }),
    });
  } catch (error) {
    if (error instanceof ImageError) {
      context.event(pod, 'Warning', 'Failed', error.message, container.name);
      throw new StartError(error.reason, error.message, 'image', error.image);
    }
    if (error instanceof VolumeError) {
      context.event(pod, 'Warning', 'FailedMount', error.message);
      throw new StartError('ContainerCreating', error.message, 'volume');
    }
    if (error instanceof ConfigError) {
      context.event(pod, 'Warning', 'Failed', `Error: ${error.message}`, container.name);
      throw new StartError('CreateContainerConfigError', error.message, 'config');
    }
    context.log.warn({ pod: uid, container: container.name, error: errorText(error) }, 'container cannot be prepared');
    context.event(pod, 'Warning', 'Failed', `Error: ${errorText(error)}`, container.name);
    throw new StartError('CreateContainerConfigError', errorText(error), 'config');
  }
}

async function ownMounts(context: PodContext, request: StartRequest, taken: ReadonlySet<string>) {
  const { pod, container, attempt, podIPs } = request;
  const { podsDir, host } = context;
  const mounts: { containerPath: string; hostPath: string; readonly: boolean }[] = [];
  const file = terminationFile(pod.metadata.uid, container.name, attempt);
  const messagePath = host.containerPath(container.spec.terminationMessagePath ?? '/dev/termination-log');
  if (!taken.has(messagePath)) {
    await (request.ahead?.files ?? makeTerminationFile(context, pod, container, attempt));
    mounts.push({ containerPath: messagePath, hostPath: path.join(podsDir, file), readonly: false });
  }
  const hostsAt = host.hostsFile(pod);
  if (hostsAt && !taken.has(hostsAt.ofContainers)) {
    const { uid } = pod.metadata;
    const nodeHosts = pod.spec.hostNetwork ? await fs.readFile(hostsAt.ofNode, 'utf8').catch(() => '') : '';
    const name = hostname(pod, context.nodeHostname);
    const full = fullyQualifiedName(pod, context.dns.domain, context.nodeHostname);
    const hosts = hostsFile(pod, podIPs, name, full, nodeHosts);
    await host.files.write(podsDir, `${uid}/etc-hosts`, hosts, { mode: 0o644, replace: true });
    mounts.push({
      containerPath: hostsAt.ofContainers,
      hostPath: path.join(podsDir, uid, 'etc-hosts'),
      readonly: false,
    });
  }
  return mounts;
}

export async function makeTerminationFile(
  { podsDir, host }: PodContext,
  pod: Pod,
  container: PodContainer,
  attempt: number,
): Promise<void> {
  const file = terminationFile(pod.metadata.uid, container.name, attempt);
  // Any user of the container may write it.
  await host.files.write(podsDir, file, '', { mode: 0o666, replace: true });
}

export interface KillRequest {
  readonly pod: Pod;
  /** Undefined when the pod's spec no longer has it. */
  readonly container: PodContainer | undefined;
  readonly id: string;
  readonly graceSeconds: number;
  readonly why: string;
  readonly podIP: string;
}

/** preStop, SIGTERM, and SIGKILL when the grace is over. Resolves when the container has ended. Throws GrpcError. */
export async function killContainer(context: PodContext, request: KillRequest): Promise<void> {
  const { pod, container, id, graceSeconds } = request;
  const began = context.now();
  if (container) context.event(pod, 'Normal', 'Killing', `Stopping container ${container.name}`, container.name);
  const hook = container?.spec.lifecycle?.preStop;
  if (hook && container && graceSeconds > 0) {
    const target = checkTarget(context, container, id, request.podIP);
    const failure = await runHook(hook, target, graceSeconds * 1000);
    if (failure) context.event(pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${failure}`, container.name);
  }
  const left = Math.max(minGraceSeconds, graceSeconds - Math.floor((context.now() - began) / 1000));
  await context.runtime.stopContainer({ containerId: id, timeout: left }, { deadlineMs: (left + 60) * 1000 });
}

export function checkTarget(context: PodContext, container: PodContainer, id: string, podIP: string): CheckTarget {
  return {
    container: container.spec,
    podIP,
    exec: async (command, timeoutSeconds) => {
      const { stdout, stderr, exitCode } = await context.runtime.execSync(
        { containerId: id, cmd: command, timeout: timeoutSeconds },
        { deadlineMs: (timeoutSeconds + 5) * 1000 },
      );
      return { exitCode, output: Buffer.concat([stdout, stderr]).toString() };
    },
  };
}

/** What a removed container leaves on the node: its termination message and its logs. */
export async function removeContainerFiles(
  { podsDir, logsDir, logLinks, host }: PodContext,
  { metadata }: Pod,
  { id, name, attempt, logPath }: ObservedContainer,
): Promise<void> {
  const { uid } = metadata;
  await logLinks?.remove(metadata, { id, name });
  await host.files.removeTree(podsDir, terminationFile(uid, name, attempt));
  if (logPath) await removeLogs(host.files, logsDir, logPath);
}
