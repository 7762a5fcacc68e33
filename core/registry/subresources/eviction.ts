// Evicts a pod: a delete that the pod's disruption budget may refuse for now. Source: API-initiated eviction; policy/v1.

import type { V1Eviction, V1Pod, V1PodDisruptionBudget } from '../../../generated/kubernetes.ts';
import { isActive, isReady } from '../../kinds/core/pod/semantics/state.ts';
import type { DeleteOptions } from '../../kinds/delete-options.ts';
import { labelSelectorOf, matchesLabels } from '../../machinery/labels.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import { formatTime } from '../../machinery/time.ts';
import { decodeObject, encodeObject } from '../../store/encode-object.ts';
import type { Write } from '../../store/store.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import { admit } from '../admit.ts';
import type { Outcome, RequestContext, Target, WriteOptions } from '../registry.ts';
import { remove } from '../write/delete.ts';
import { success } from './success.ts';

const budgets = 'policy/poddisruptionbudgets';
/** A budget that remembers this many evictions whose pods are still there is not keeping up. */
const maxDisruptedPods = 2000;

export async function evict(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  body: KubeObject,
  options: WriteOptions,
): Promise<Outcome> {
  const admitted = await admit(env, context, target, 'CREATE', body, options);
  // It was validated as an Eviction.
  const eviction: V1Eviction = body;
  const name = target.name ?? '';
  if (eviction.metadata?.name && eviction.metadata.name !== name) {
    throw badRequest(`name in URL does not match name in Eviction object: ${name} != ${eviction.metadata.name}`);
  }
  const deleteOptions = deleteOptionsOf(eviction, options.dryRun ?? false);
  const { subresource: _, ...podTarget } = target;
  await remove(env, context, podTarget, deleteOptions, {
    admitted,
    decide: (pod) => spendBudget(env, target, pod),
    explain: (pod) => withDisruption(pod, formatTime(env.clock())),
  });
  return success();
}

/** A dry run may be asked for in the request or in the body; where both say something they must agree. */
function deleteOptionsOf({ deleteOptions }: V1Eviction, dryRun: boolean): DeleteOptions {
  const { dryRun: own, apiVersion: _, kind: _kind, ...rest } = deleteOptions ?? {};
  return { ...(rest as DeleteOptions), dryRun: dryRun || (own?.length ?? 0) > 0 };
}

/** A pod that does not run, or is ending, disrupts nothing when it goes. */
function endsAnyway(pod: V1Pod): boolean {
  return !isActive(pod) || pod.status?.phase === 'Pending';
}

/**
 * What is to be written with the pod's deletion: its budget, one eviction poorer. Throws where the budget allows none. Both are committed
 * on the condition that they are as they were seen here, so that no two evictions spend the same, and none goes by a pod's older state.
 */
async function spendBudget(env: WriteEnvironment, target: Target, pod: V1Pod): Promise<readonly Write[]> {
  if (endsAnyway(pod)) return [];
  const found = await budgetOf(env, target, pod);
  if (!found) return [];
  const item = await env.store.get(budgets, found);
  if (!item) return [];
  const object = decodeObject(item.value);
  // What is stored as a budget is one.
  const budget = object as V1PodDisruptionBudget;
  if (!needsBudget(pod, budget)) return [{ op: 'check', type: budgets, name: found, expect: item.revision }];
  checkAllowed(budget);
  const status = budget.status!;
  status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
  status.disruptedPods = { ...status.disruptedPods, [pod.metadata?.name ?? '']: formatTime(env.clock()) };
  return [{ op: 'put', type: budgets, name: found, expect: item.revision, value: encodeObject(object) }];
}

/** The key of the budget that the pod counts in, of those that there are now. */
async function budgetOf(env: WriteEnvironment, { namespace = '' }: Target, pod: V1Pod): Promise<string | undefined> {
  const replica = await env.replicas.of(budgets);
  await replica.catchUp();
  const matching: string[] = [];
  for (const entry of replica.snapshot({ prefix: `${namespace}/` })) {
    const selector = entry.object.spec?.selector;
    if (matchesLabels(labelSelectorOf(selector), pod.metadata?.labels)) matching.push(entry.name);
  }
  if (matching.length > 1) {
    throw new StatusError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  return matching[0];
}

/** KEP-3017: a pod that is not healthy may go under AlwaysAllow, or while the budget has enough healthy ones. */
function needsBudget(pod: V1Pod, budget: V1PodDisruptionBudget): boolean {
  if (isReady(pod)) return true;
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return false;
  const status = budget.status;
  const desired = status?.desiredHealthy ?? 0;
  return !(desired > 0 && (status?.currentHealthy ?? 0) >= desired);
}

function checkAllowed(budget: V1PodDisruptionBudget): void {
  const { metadata, status } = budget;
  const name = metadata?.name ?? '';
  if (!status || (status.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    throw refused(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  const allowed = status.disruptionsAllowed ?? 0;
  if (allowed < 0) {
    throw new StatusError(
      'Forbidden',
      `pod disruption budget "${name}" is forbidden: pdb disruptions allowed is negative`,
    );
  }
  if (Object.keys(status.disruptedPods ?? {}).length > maxDisruptedPods) {
    throw new StatusError(
      'Forbidden',
      `pod disruption budget "${name}" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller`,
    );
  }
  if (allowed === 0) {
    throw refused(
      `The disruption budget ${name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
    );
  }
}

function refused(why: string, retryAfterSeconds?: number): StatusError {
  return new StatusError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: why }],
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

/** KEP-3329. */
function withDisruption(pod: V1Pod, now: string): KubeObject {
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    ...(pod.metadata?.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: now,
  };
  const marked = { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
  return marked;
}
