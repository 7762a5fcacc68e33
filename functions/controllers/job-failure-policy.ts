// What a failed pod means for its Job: the first rule of `spec.podFailurePolicy` that it matches (KEP-3329).

import type { V1PodFailurePolicyRule } from '../../generated/kubernetes.ts';
import type { ObjectOf } from './controller.ts';
import type { Pod } from './pod-state.ts';

export type Job = ObjectOf<'batch/jobs'>;

export interface Verdict {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
  readonly message?: string;
}

export function verdictOf(job: Job, pod: Pod): Verdict {
  for (const [index, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const match = rule.onExitCodes ? exitCodeMatch(rule, pod) : conditionMatch(rule, pod);
    if (match === undefined) continue;
    const action =
      rule.action === 'FailJob' || rule.action === 'FailIndex' || rule.action === 'Ignore' ? rule.action : 'Count';
    const { namespace, name } = pod.metadata;
    return {
      action,
      message: `${match.replace('$POD', `${namespace}/${name}`)} matching ${action} rule at index ${index}`,
    };
  }
  return { action: 'Count' };
}

function exitCodeMatch({ onExitCodes }: V1PodFailurePolicyRule, pod: Pod): string | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const code = state?.terminated?.exitCode;
    if (!code || (onExitCodes?.containerName && onExitCodes.containerName !== name)) continue;
    const listed = onExitCodes?.values.includes(code) ?? false;
    if (onExitCodes?.operator === 'NotIn' ? !listed : listed) {
      return `Container ${name} for pod $POD failed with exit code ${code}`;
    }
  }
  return undefined;
}

function conditionMatch({ onPodConditions }: V1PodFailurePolicyRule, pod: Pod): string | undefined {
  for (const pattern of onPodConditions ?? []) {
    const found = pod.status?.conditions?.find((each) => each.type === pattern.type);
    if (found && found.status === (pattern.status ?? 'True')) return `Pod $POD has condition ${pattern.type}`;
  }
  return undefined;
}
