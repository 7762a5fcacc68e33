// Columns of pods. STATUS folds the phase, the reasons of containers and deletion into the one word that people look for.

import type { V1ContainerStatus, V1Pod } from '../../../../generated/kubernetes.ts';
import { ageOf } from '../../../api/age.ts';
import { ageColumn, isDeleting, nameColumn, none, text, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { sidecarsOf } from './semantics/containers.ts';
import { conditionOf, isFinished } from './semantics/state.ts';

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Pod>('Ready', (pod) => {
    const { ready, total } = summary(pod);
    return `${ready}/${total}`;
  }),
  text<V1Pod>('Status', (pod) => summary(pod).status),
  text<V1Pod>('Restarts', (pod, now) => {
    const { restarts, lastRestart } = summary(pod);
    return lastRestart && restarts > 0 ? `${restarts} (${ageOf(lastRestart, now)} ago)` : `${restarts}`;
  }),
  ageColumn,
  wide(text<V1Pod>('IP', ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? none)),
  wide(text<V1Pod>('Node', ({ spec }) => spec?.nodeName || none)),
  wide(text<V1Pod>('Nominated Node', ({ status }) => status?.nominatedNodeName || none)),
  wide(text<V1Pod>('Readiness Gates', readinessGates)),
];

// Three columns of one row ask for the same summary.
const summaries = new WeakMap<V1Pod, Summary>();

function summary(pod: V1Pod): Summary {
  const known = summaries.get(pod);
  if (known) return known;
  const made = summarize(pod);
  summaries.set(pod, made);
  return made;
}

function summarize(pod: V1Pod): Summary {
  const { spec, status } = pod;
  const sidecars = new Set(sidecarsOf(spec).map((each) => each.name));
  const init = initSummary(pod, sidecars);
  const total = (spec?.containers ?? []).length + sidecars.size;
  const main =
    init.failure === undefined || isTrue(pod, 'Initialized')
      ? mainSummary(pod, init)
      : { reason: init.failure, ready: init.ready, restarts: init.restarts, lastRestart: init.lastRestart };
  const deleting = isDeleting(pod);
  const lost = deleting && status?.reason === 'NodeLost';
  const ended = isFinished(pod);
  const word = lost ? 'Unknown' : deleting && !ended ? 'Terminating' : main.reason;
  return { ready: main.ready, total, status: word, restarts: main.restarts, lastRestart: main.lastRestart };
}

interface InitSummary {
  /** `Init:...` while initialization is not through. */
  readonly failure: string | undefined;
  readonly ready: number;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
  readonly sidecarRestarts: number;
  readonly lastSidecarRestart: string | undefined;
}

function initSummary({ spec, status }: V1Pod, sidecars: ReadonlySet<string>): InitSummary {
  let [ready, restarts, sidecarRestarts] = [0, 0, 0];
  let lastRestart: string | undefined;
  let lastSidecarRestart: string | undefined;
  const total = (spec?.initContainers ?? []).length;
  let failure: string | undefined;
  for (const [index, each] of (status?.initContainerStatuses ?? []).entries()) {
    restarts += each.restartCount;
    lastRestart = later(lastRestart, each);
    const isSidecar = sidecars.has(each.name);
    if (isSidecar) {
      sidecarRestarts += each.restartCount;
      lastSidecarRestart = later(lastSidecarRestart, each);
    }
    const { terminated, waiting } = each.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar && each.started) {
      if (each.ready) ready += 1;
      continue;
    }
    if (terminated) failure = `Init:${terminated.reason || ended(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') failure = `Init:${waiting.reason}`;
    else failure = `Init:${index}/${total}`;
    break;
  }
  return { failure, ready, restarts, lastRestart, sidecarRestarts, lastSidecarRestart };
}

function mainSummary(pod: V1Pod, init: InitSummary) {
  const { status } = pod;
  let reason = status?.reason || status?.phase || '';
  if (status?.conditions?.some((each) => each.type === 'PodScheduled' && each.reason === 'SchedulingGated')) {
    reason = 'SchedulingGated';
  }
  let { ready, sidecarRestarts: restarts, lastSidecarRestart: lastRestart } = init;
  let running = false;
  // The first container has the last word.
  for (const each of (status?.containerStatuses ?? []).toReversed()) {
    restarts += each.restartCount;
    lastRestart = later(lastRestart, each);
    const { terminated, waiting } = each.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) reason = terminated.reason || ended(terminated);
    else if (each.ready && each.state?.running) {
      running = true;
      ready += 1;
    }
  }
  if (reason === 'Completed' && running) reason = isTrue(pod, 'Ready') ? 'Running' : 'NotReady';
  return { reason, ready, restarts, lastRestart };
}

function ended({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string {
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function later(known: string | undefined, { lastState }: V1ContainerStatus): string | undefined {
  const finished = lastState?.terminated?.finishedAt;
  if (finished === undefined || finished === null) return known;
  return known === undefined || finished > known ? finished : known;
}

function isTrue(pod: V1Pod, type: string): boolean {
  return conditionOf(pod, type)?.status === 'True';
}

function readinessGates(pod: V1Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  return `${gates.filter((gate) => isTrue(pod, gate.conditionType)).length}/${gates.length}`;
}
