// Keeps the number of replicas of what it names where its metrics want it. Looks every 15 seconds while it exists, and never else.

import { parseQuantity, quantityToNumber } from '../../core/machinery/quantity.ts';
import type { TypeName } from '../../core/store/store.ts';
import type { V2HorizontalPodAutoscalerSpec } from '../../generated/kubernetes.ts';
import { sameJson, timestamp } from './condition.ts';
import {
  type Action,
  type Context,
  type Controller,
  controllerUser,
  defineController,
  type ObjectOf,
  regarding,
  type Snapshot,
  type SubresourcePatch,
  splitKey,
  watch,
} from './controller.ts';
import { policyPeriodMs, settle, stabilizationMs } from './horizontal-pod-autoscaler-behavior.ts';
import { type History, readHistory, recommend } from './horizontal-pod-autoscaler-history.ts';
import { propose } from './horizontal-pod-autoscaler-proposals.ts';
import type { Tolerance } from './horizontal-pod-autoscaler-replicas.ts';
import { readSamples } from './horizontal-pod-autoscaler-samples.ts';
import { type ConditionFinding, type Findings, report } from './horizontal-pod-autoscaler-status.ts';
import { type ScaleTarget, scaledPods, scaleTarget } from './horizontal-pod-autoscaler-target.ts';
import type { ReadApi } from './read-api.ts';

type Wanted = Action<typeof type> | SubresourcePatch<'scale'>;

const type = 'autoscaling/horizontalpodautoscalers';
type Autoscaler = ObjectOf<typeof type>;

export interface AutoscalerOptions {
  /** Where metrics come from. */
  readonly read: ReadApi;
  /** --horizontal-pod-autoscaler-sync-period. Default 15,000 ms. */
  readonly syncMs?: number;
}

export function createHorizontalPodAutoscalerController({ read, syncMs = 15_000 }: AutoscalerOptions): Controller {
  return defineController({
    name: 'horizontal-pod-autoscaler',
    component: 'horizontal-pod-autoscaler',
    user: controllerUser('horizontal-pod-autoscaler'),
    watches: [
      // What it writes itself is no reason to look again before its time.
      watch(type, ({ object, previous }) =>
        previous && sameJson(previous.spec, object.spec)
          ? []
          : [`${object.metadata.namespace}/${object.metadata.name}`],
      ),
    ],
    // Whatever has a scale, custom resources among them.
    reads: ['*'],
    owns: [type, '*/scale'],
    async reconcile(snapshot, key, context) {
      const { namespace, name } = splitKey(key);
      const autoscaler = snapshot.get(type, namespace, name);
      if (!autoscaler?.spec || autoscaler.metadata.deletionTimestamp) return [];
      const look: Look = { ...context, snapshot, autoscaler, spec: autoscaler.spec, read, syncMs };
      return [...(await actionsOf(look)), { do: 'requeue', afterMs: syncMs }];
    },
  });
}

interface Look extends Context {
  readonly snapshot: Snapshot<TypeName>;
  readonly autoscaler: Autoscaler;
  readonly spec: V2HorizontalPodAutoscalerSpec;
  readonly read: ReadApi;
  readonly syncMs: number;
}

const scaleFound: ConditionFinding = {
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
};

async function actionsOf(look: Look): Promise<Wanted[]> {
  const { snapshot, autoscaler, spec, now } = look;
  const target = scaleTarget(snapshot, autoscaler);
  if ('failure' in target) {
    const message = `the HPA controller was unable to get the target's current scale: ${target.failure}`;
    const able: ConditionFinding = { status: 'False', reason: 'FailedGetScale', message };
    return [warn(autoscaler, 'FailedGetScale', target.failure), ...report(autoscaler, { able }, now)];
  }
  const current = target.scale.spec?.replicas ?? 0;
  const { minReplicas = 1, maxReplicas } = spec;
  if (current === 0 && minReplicas !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    const active: ConditionFinding = { status: 'False', reason: 'ScalingDisabled', message };
    const status = { currentReplicas: 0, desiredReplicas: 0 };
    return report(autoscaler, { able: scaleFound, active, status }, now);
  }
  const history = initial(look, current);
  if (current > maxReplicas || current < minReplicas) {
    const above = current > maxReplicas;
    const why = `Current number of replicas ${above ? 'above Spec.MaxReplicas' : 'below Spec.MinReplicas'}`;
    const change = { target, current, replicas: above ? maxReplicas : minReplicas, why };
    return rescale(look, change, { able: scaleFound, history });
  }
  return byMetrics(look, target, current, history);
}

/** What is there when an autoscaler comes counts as recommended: it does not take away at once what others had started. */
function initial({ autoscaler, now }: Look, current: number): History {
  const history = readHistory(autoscaler.metadata.annotations);
  if (history.recommendations.length > 0) return history;
  return { ...history, recommendations: [{ replicas: current, until: now }] };
}

async function byMetrics(look: Look, target: ScaleTarget, current: number, history: History): Promise<Wanted[]> {
  const { snapshot, autoscaler, spec, now, syncMs } = look;
  const selected = scaledPods(snapshot, autoscaler, target);
  if ('failure' in selected) {
    const { reason, message, condition } = selected.failure;
    const active: ConditionFinding = {
      status: 'False',
      reason: reason === 'SelectorRequired' ? 'InvalidSelector' : reason,
      message: condition,
    };
    return [
      warn(autoscaler, reason, message),
      warn(autoscaler, 'FailedComputeMetricsReplicas', message),
      ...report(autoscaler, { able: scaleFound, active, status: { currentReplicas: current }, history }, now),
    ];
  }
  const { selector, pods } = selected;
  const metrics = spec.metrics ?? [];
  const question = { namespace: autoscaler.metadata.namespace ?? '', selector, types: snapshot.types };
  const samples = await readSamples(look.read, question, metrics);
  const scaled = { replicas: current, pods, tolerance: toleranceOf(spec), now };
  const statusReplicas = target.scale.status?.replicas ?? 0;
  const { wanted, statuses, failure } = propose(scaled, statusReplicas, metrics, samples);
  const warnings = failure ? [warn(autoscaler, failure.reason, failure.message)] : [];
  const status = { currentReplicas: current, currentMetrics: [...statuses] };
  if (!wanted) {
    const { reason = 'InvalidMetricSourceType', message = 'no metric is given', summary = message } = failure ?? {};
    const active: ConditionFinding = { status: 'False', reason, message };
    return [
      ...warnings,
      warn(autoscaler, 'FailedComputeMetricsReplicas', summary),
      ...report(autoscaler, { able: scaleFound, active, status, history }, now),
    ];
  }
  const message = `the HPA was able to successfully calculate a replica count from ${wanted.metric}`;
  const active: ConditionFinding = { reason: 'ValidMetricFound', message };
  const proposed = { current, wanted: wanted.replicas, history, now, confirmedAt: now - syncMs };
  const { replicas, able, limited } = settle(spec, proposed);
  const keepMs = stabilizationMs(spec);
  const recommendations = recommend(history.recommendations, wanted.replicas, { ...proposed, keepMs });
  const findings = { able, active, limited, status, history: { ...history, recommendations } };
  const why = wanted.replicas > current ? `${wanted.metric} above target` : 'All metrics below target';
  return [...warnings, ...rescale(look, { target, current, replicas, why }, findings)];
}

interface Change {
  readonly target: ScaleTarget;
  readonly current: number;
  readonly replicas: number;
  readonly why: string;
}

/** The count first, then what is said of it: what was not done is not claimed. */
function rescale(look: Look, { target, current, replicas, why }: Change, findings: Findings): Wanted[] {
  const { autoscaler, spec, now, failure } = look;
  const status = { ...findings.status, currentReplicas: current, desiredReplicas: replicas };
  if (replicas === current) return report(autoscaler, { ...findings, status }, now);
  const { namespace = '' } = autoscaler.metadata;
  const { resourceVersion } = target.scale.metadata ?? {};
  const about = regarding('autoscaling/v2', 'HorizontalPodAutoscaler', autoscaler);
  const text = `New size: ${replicas}; reason: ${why}`;
  const patch: Wanted = {
    do: 'patch',
    type: target.type.type,
    namespace,
    name: target.name,
    patchType: 'merge',
    subresource: 'scale',
    body: { metadata: { resourceVersion }, spec: { replicas } },
    announce: {
      regarding: about,
      success: { type: 'Normal', reason: 'SuccessfulRescale', message: text },
      failure: { type: 'Warning', reason: 'FailedRescale', message: `${text}; error: ` },
    },
  };
  const done: Findings = {
    ...findings,
    able: {
      reason: 'SucceededRescale',
      message: `the HPA controller was able to update the target scale to ${replicas}`,
    },
    status: { ...status, lastScaleTime: timestamp(now) },
    ...(findings.history && { history: withChange(findings.history, spec, replicas - current, now) }),
  };
  const failed: ConditionFinding = {
    status: 'False',
    reason: 'FailedUpdateScale',
    message: `the HPA controller was unable to update the target scale: ${failure?.message}`,
  };
  const before = failure ? report(autoscaler, { ...findings, able: failed }, now) : [];
  return [...before, patch, { do: 'barrier' }, ...report(autoscaler, done, now)];
}

/** Only policies ask how fast it went. */
function withChange(history: History, spec: V2HorizontalPodAutoscalerSpec, change: number, now: number): History {
  if (!spec.behavior) return { ...history, ups: [], downs: [] };
  const since = now - policyPeriodMs(spec);
  const kept = (events: History['ups']) => events.filter(({ at }) => at > since);
  const [ups, downs] = [kept(history.ups), kept(history.downs)];
  const event = { at: now, change: Math.abs(change) };
  return change > 0 ? { ...history, ups: [...ups, event], downs } : { ...history, ups, downs: [...downs, event] };
}

/** --horizontal-pod-autoscaler-tolerance, unless the autoscaler has its own (KEP-4951). */
function toleranceOf({ behavior }: V2HorizontalPodAutoscalerSpec): Tolerance {
  const of = (text: string | undefined) => (text === undefined ? 0.1 : quantityToNumber(parseQuantity(text)));
  return { up: of(behavior?.scaleUp?.tolerance), down: of(behavior?.scaleDown?.tolerance) };
}

function warn(autoscaler: Autoscaler, reason: string, message: string): Action {
  const about = regarding('autoscaling/v2', 'HorizontalPodAutoscaler', autoscaler);
  return { do: 'event', regarding: about, event: { type: 'Warning', reason, message } };
}
