// A pod's status from what runs, what is held up and what was reported before. Pure.
// Source: Kubernetes, "Pod Lifecycle" (phases, conditions), KEP-3085 (PodReadyToStartContainers), KEP-5067 (observedGeneration).

import { qosClass } from '../../core/kinds/core/pod/semantics/qos-class.ts';
import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import type { V1ContainerStatus, V1PodCondition, V1PodStatus } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import type { ContainerHealth } from '../probes/container-health.ts';
import type { Waiting } from './container-status.ts';
import { containerStatus, timestamp } from './container-status.ts';
import type { ObservedPod } from './observed.ts';
import { latest } from './observed.ts';
import type { ResizeState } from './pod-resize.ts';
import { isResized } from './resize.ts';
import { restarts } from './restart.ts';
import { mayRestartAll, type Round, restartRound, sinceRound } from './restart-all.ts';
import type { PodTermination } from './sync-pod.ts';

export interface PodStatusInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly health: ReadonlyMap<string, ContainerHealth>;
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly ending?: PodTermination;
  readonly terminating: boolean;
  readonly resize?: ResizeState;
  /** Nothing of it runs on the node, and nothing will: its last word before the API forgets it. */
  readonly stopped?: boolean;
  /** What was reported last; its transition times are kept. */
  readonly previous: V1PodStatus | undefined;
  /** Of the node: IPv4, and in a cluster of both families IPv6. */
  readonly hostIPs: readonly string[];
  readonly runtimeName: string;
  readonly now: number;
}

export function podStatus(input: PodStatusInput): V1PodStatus {
  const { pod, observed, previous, now } = input;
  const containers = podContainers(pod);
  const final = previous !== undefined && isFinished({ status: previous });
  const ended = final || input.terminating || input.ending !== undefined;
  const round = ended || input.stopped ? undefined : restartRound(pod, observed);
  const since = { ...input, observed: sinceRound(observed, round) };
  const initialized = final ? wasInitialized(previous) : isInitialized(since, containers);
  const applied = input.resize && { applied: input.resize.applied };
  const statuses = (...kinds: PodContainer['kind'][]): V1ContainerStatus[] =>
    containers
      .filter(({ kind }) => kinds.includes(kind))
      .map((container) =>
        containerStatus({
          ...input,
          ...applied,
          container,
          ended,
          neverRan: input.stopped === true && initialized,
          round,
        }),
      );
  const initContainerStatuses = statuses('init', 'sidecar');
  const containerStatuses = statuses('app');
  const ephemeralContainerStatuses = statuses('ephemeral');

  const phase = final ? (previous?.phase ?? 'Failed') : phaseOf(since, containers, initialized, round);
  const sandbox = observed.sandboxes.find((each) => each.ready);
  const ips = pod.spec.hostNetwork ? input.hostIPs : (sandbox?.ips ?? []);
  const podIPs = ips.length > 0 ? ips.map((ip) => ({ ip })) : (previous?.podIPs ?? []);
  const over = phase === 'Succeeded' || phase === 'Failed';
  const sidecarStatuses = initContainerStatuses.filter(({ name }) =>
    containers.some((each) => each.kind === 'sidecar' && each.name === name),
  );
  const unready = [...sidecarStatuses, ...containerStatuses].filter(({ ready }) => !ready).map(({ name }) => name);
  const gates = (pod.spec.readinessGates ?? []).map(({ conditionType }) => conditionType);
  const foreign = (pod.status?.conditions ?? []).filter(({ type }) => !ownConditions.has(type));
  const openGates = gates.filter((gate) => foreign.find(({ type }) => type === gate)?.status !== 'True');
  const uninitialized = initContainerStatuses
    .filter(({ ready, started, name }) => !(ready || (started && sidecarStatuses.some((each) => each.name === name))))
    .map(({ name }) => name);

  const completed =
    phase === 'Succeeded' ? { reason: 'PodCompleted' } : phase === 'Failed' ? { reason: 'PodFailed' } : undefined;
  const containersReady: Condition = completed
    ? { status: 'False', ...completed }
    : unready.length > 0
      ? {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        }
      : { status: 'True' };
  const ready: Condition =
    containersReady.status === 'True' && openGates.length > 0
      ? {
          status: 'False',
          reason: 'ReadinessGatesNotReady',
          message: openGates
            .map((gate) => `corresponding condition of pod readiness gate "${gate}" does not exist.`)
            .join(', '),
        }
      : containersReady;
  const wanted: [string, Condition][] = [
    ['PodReadyToStartContainers', { status: sandbox && !over ? 'True' : 'False' }],
    [
      'Initialized',
      initialized
        ? { status: 'True', ...(phase === 'Succeeded' && { reason: 'PodCompleted' }) }
        : {
            status: 'False',
            reason: 'ContainersNotInitialized',
            message: `containers with incomplete status: [${uninitialized.join(' ')}]`,
          },
    ],
    ['Ready', ready],
    ['ContainersReady', containersReady],
    ['PodScheduled', { status: 'True' }],
    ...restartCondition(since, containers, round, completed),
    ...(ended ? [] : resizeConditions(input, containers)),
    ...disruptionOf(input),
  ];
  const before = [...(previous?.conditions ?? []), ...(pod.status?.conditions ?? [])];
  const conditions = wanted.map(([type, condition]) => conditionOf(type, condition, before, pod, now));

  return {
    phase,
    observedGeneration: pod.metadata.generation,
    conditions: [...conditions, ...foreign],
    hostIP: input.hostIPs[0] ?? '',
    hostIPs: input.hostIPs.map((ip) => ({ ip })),
    ...(podIPs.length > 0 && { podIP: podIPs[0]?.ip, podIPs }),
    startTime: previous?.startTime ?? pod.status?.startTime ?? timestamp(now),
    ...(initContainerStatuses.length > 0 && { initContainerStatuses }),
    containerStatuses,
    ...(ephemeralContainerStatuses.length > 0 && { ephemeralContainerStatuses }),
    qosClass: pod.status?.qosClass ?? qosClass(pod.spec),
    ...endingOf(input, previous),
    // Optional fields above may be undefined, which JSON leaves out.
  };
}

interface Condition {
  status: 'True' | 'False';
  reason?: string;
  message?: string;
}

const ownConditions = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'PodResizePending',
  'PodResizeInProgress',
  'AllContainersRestarting',
]);

/** Of pods that have such a rule; true until the first container begins again (KEP-5532). */
function restartCondition(
  { observed }: PodStatusInput,
  containers: readonly PodContainer[],
  round: Round | undefined,
  completed: Pick<Condition, 'reason'> | undefined,
): [string, Condition][] {
  if (!containers.some(mayRestartAll)) return [];
  const begun = containers.some(({ kind, name }) => kind !== 'ephemeral' && latest(observed, name) !== undefined);
  if (!round || begun) return [['AllContainersRestarting', { status: 'False', ...completed }]];
  const message = 'container exited with restart policy rule';
  return [['AllContainersRestarting', { status: 'True', reason: 'RestartAllContainersStarted', message }]];
}

/** They are there only while they are true (KEP-1287). */
function resizeConditions(
  { resize, observed }: PodStatusInput,
  containers: readonly PodContainer[],
): [string, Condition][] {
  if (!resize) return [];
  const { pending, error, applied } = resize;
  const waits = containers.some((container) => {
    const current = latest(observed, container.name);
    return current?.state === 'running' && isResized(container, applied.get(current.id));
  });
  return [
    ...(pending ? [['PodResizePending', { status: 'True', ...pending }] satisfies [string, Condition]] : []),
    ...(waits
      ? [
          ['PodResizeInProgress', { status: 'True', ...(error && { reason: 'Error', message: error }) }] satisfies [
            string,
            Condition,
          ],
        ]
      : []),
  ];
}

function conditionOf(
  type: string,
  wanted: Condition,
  before: readonly V1PodCondition[],
  pod: Pod,
  now: number,
): V1PodCondition {
  const last = before.find((each) => each.type === type);
  return {
    type,
    ...wanted,
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    lastTransitionTime:
      last?.status === wanted.status && last.lastTransitionTime ? last.lastTransitionTime : timestamp(now),
  };
}

/** Source: KEP-3329. */
function disruptionOf({ ending, pod }: PodStatusInput): [string, Condition][] {
  if (!ending?.disruption || (pod.status?.conditions ?? []).some(({ type }) => type === 'DisruptionTarget')) return [];
  return [['DisruptionTarget', { status: 'True', reason: 'TerminationByKubelet', message: ending.message }]];
}

function endingOf({ ending }: PodStatusInput, previous: V1PodStatus | undefined) {
  const { reason, message } = ending ?? previous ?? {};
  return { ...(reason && { reason }), ...(message && { message }) };
}

/** A pod that has ended may have lost its containers: what was reported says whether it got past its init containers. */
function wasInitialized(previous: V1PodStatus | undefined): boolean {
  return previous?.conditions?.find(({ type }) => type === 'Initialized')?.status !== 'False';
}

/** All init containers succeeded and all sidecars started, or an application container has begun. */
function isInitialized(input: PodStatusInput, containers: readonly PodContainer[]): boolean {
  const { observed } = input;
  const [sandbox] = observed.sandboxes;
  const began = (name: string) =>
    observed.containers.some((each) => each.name === name && each.sandboxId === sandbox?.id);
  if (containers.some(({ kind, name }) => kind === 'app' && began(name))) return true;
  return containers.every(({ kind, name }) => {
    const current = latest(observed, name);
    if (kind === 'init') return current?.state === 'exited' && current.exitCode === 0;
    if (kind === 'sidecar') return current?.state === 'running' && (input.health.get(current.id)?.started ?? false);
    return true;
  });
}

function phaseOf(
  input: PodStatusInput,
  containers: readonly PodContainer[],
  initialized: boolean,
  round: Round | undefined,
): string {
  const { pod, observed } = input;
  // It has run before, and stays in the phase that it had.
  if (round) return input.previous?.phase === 'Running' ? 'Running' : 'Pending';
  const apps = containers
    .filter(({ kind }) => kind === 'app')
    .map((container) => ({ container, current: latest(observed, container.name) }));
  const running = observed.containers.some(
    (each) =>
      each.state === 'running' && containers.some(({ name, kind }) => name === each.name && kind !== 'ephemeral'),
  );
  if (input.ending) return running ? 'Running' : 'Failed';
  const failedInit = containers.some((container) => {
    const current = container.kind === 'init' ? latest(observed, container.name) : undefined;
    return current?.state === 'exited' && current.exitCode !== 0 && !restarts(pod, container, current);
  });
  if (failedInit && !initialized) return running ? 'Pending' : 'Failed';
  if (!initialized) return input.stopped ? 'Failed' : 'Pending';
  const over = apps.every(({ container, current }) => {
    if (current?.state !== 'exited') return false;
    return input.terminating || !restarts(pod, container, current);
  });
  if (over) {
    // Sidecars end after the application; until then the pod is not over (KEP-753).
    if (running) return 'Running';
    return apps.every(({ current }) => current?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  // Controllers count a pod that goes as over only once its phase is final.
  if (input.stopped) return 'Failed';
  // One that is made again has run before: its pod stays in the phase that it had.
  const waiting = apps.some(({ current }) => !current || (current.state === 'created' && current.attempt === 0));
  return waiting ? 'Pending' : 'Running';
}
