// Evicts a pod: a delete that the pod's disruption budget may refuse for now. Source: API-initiated eviction; policy/v1.

import type { V1Eviction, V1Pod, V1PodDisruptionBudget } from '../../../generated/kubernetes.ts';
import { labelSelectorOf, matchesLabels } from '../../machinery/labels.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import { formatTime } from '../../machinery/time.ts';
import { decodeObject } from '../encode.ts';
import type { Environment } from '../environment.ts';
import { get } from '../read/get.ts';
import type { DeleteOptions, Outcome, RequestContext, Target, WriteOptions } from '../registry.ts';
import { isConflict } from '../store-errors.ts';
import { commitPut } from '../write/commit.ts';
import { checkPreconditions, remove } from '../write/delete.ts';
import { modify } from '../write/modify.ts';
import { success } from './success.ts';

const budgets = 'policy/poddisruptionbudgets';
/** A budget that remembers this many evictions whose pods are still there is not keeping up. */
const maxDisruptedPods = 2000;
const attempts = 20;

export async function evict(
  env: Environment,
  context: RequestContext,
  target: Target,
  body: KubeObject,
  options: WriteOptions,
): Promise<Outcome> {
  // Decoded as an Eviction.
  const eviction = body as unknown as V1Eviction;
  const name = target.name ?? '';
  if (eviction.metadata?.name && eviction.metadata.name !== name) {
    throw badRequest(`name in URL does not match name in Eviction object: ${name} != ${eviction.metadata.name}`);
  }
  const asked = (eviction.deleteOptions ?? {}) as DeleteOptions & { dryRun?: boolean | string[] };
  const dryRun = Boolean(options.dryRun) || (Array.isArray(asked.dryRun) && asked.dryRun.length > 0);
  const { dryRun: _, ...rest } = asked;
  const deleteOptions: DeleteOptions = { ...rest, dryRun };
  const podTarget: Target = {
    definition: target.definition,
    name,
    ...(target.namespace && { namespace: target.namespace }),
  };

  const { object } = await get(env, podTarget);
  checkPreconditions(podTarget, object, deleteOptions.preconditions);
  // What is stored as a pod is one.
  const pod = object as unknown as V1Pod;
  if (!endsAnyway(pod)) await spendBudget(env, target, pod, dryRun);
  if (!dryRun && !endsAnyway(pod)) await markDisrupted(env, context, podTarget);
  await remove(env, context, podTarget, deleteOptions);
  return success();
}

/** A pod that does not run, or is ending, disrupts nothing when it goes. */
function endsAnyway(pod: V1Pod): boolean {
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || Boolean(pod.metadata?.deletionTimestamp);
}

async function spendBudget(env: Environment, target: Target, pod: V1Pod, dryRun: boolean): Promise<void> {
  const namespace = target.namespace ?? '';
  const all = await env.lookAll(budgets, `${namespace}/`);
  const matching = all.filter((each) => {
    // What is stored as a budget is one.
    const selector = (each as unknown as V1PodDisruptionBudget).spec?.selector;
    return matchesLabels(labelSelectorOf(selector), pod.metadata?.labels);
  });
  if (matching.length > 1) {
    throw new StatusError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const [found] = matching;
  if (!found) return;
  const definition = env.definitions.ofType(budgets);
  if (!definition) return;
  const key = `${namespace}/${found.metadata.name}`;
  for (let attempt = 1; ; attempt++) {
    const item = await env.store.get(budgets, key);
    if (!item) return;
    const object = decodeObject(item.value);
    // As above.
    const budget = object as unknown as V1PodDisruptionBudget;
    if (!needsBudget(pod, budget)) return;
    checkAllowed(budget);
    const status = budget.status!;
    status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
    status.disruptedPods = { ...status.disruptedPods, [pod.metadata?.name ?? '']: formatTime(env.clock()) };
    if (dryRun) return;
    try {
      await commitPut(env, { definition, key, object, expect: item.revision });
      return;
    } catch (error) {
      if (!isConflict(error) || attempt >= attempts) throw error;
    }
  }
}

/** KEP-3017: a pod that is not healthy may go under AlwaysAllow, or while the budget has enough healthy ones. */
function needsBudget(pod: V1Pod, budget: V1PodDisruptionBudget): boolean {
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  if (ready) return true;
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

async function markDisrupted(env: Environment, context: RequestContext, target: Target): Promise<void> {
  await modify(
    env,
    context,
    { ...target, subresource: 'status' },
    {
      trusted: true,
      management: { operation: 'Update' },
      build(existing) {
        // What is stored as a pod is one.
        const pod = existing as unknown as V1Pod;
        const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
        pod.status = {
          ...pod.status,
          conditions: [
            ...others,
            {
              type: 'DisruptionTarget',
              status: 'True',
              reason: 'EvictionByEvictionAPI',
              message: 'Eviction API: evicting',
              lastTransitionTime: formatTime(env.clock()),
            },
          ],
        };
        return existing;
      },
    },
  );
}
