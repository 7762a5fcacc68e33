// `matchLabelKeys` and `mismatchLabelKeys`: a new pod's own values of these labels become part of the selectors beside them, so that they
// mean the same for as long as it lives (KEP-3633 of affinity, KEP-3243 of spreading).

import type { V1LabelSelector, V1Pod, V1PodAffinityTerm } from '../../../../generated/kubernetes.ts';
import { getOwn } from '../../../machinery/own.ts';

interface Keyed {
  labelSelector?: V1LabelSelector;
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
}

export function mergeLabelKeys({ metadata, spec }: V1Pod): void {
  const labels = metadata?.labels ?? {};
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  const terms: (V1PodAffinityTerm | undefined)[] = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  for (const term of [...terms, ...(spec?.topologySpreadConstraints ?? [])]) if (term) merge(term, labels);
}

function merge(term: Keyed, labels: Readonly<Record<string, string>>): void {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  // Without a selector the keys are refused.
  if (!labelSelector) return;
  const of = (keys: readonly string[], operator: string) =>
    keys.flatMap((key) => {
      const value = getOwn(labels, key);
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const more = [...of(matchLabelKeys, 'In'), ...of(mismatchLabelKeys, 'NotIn')];
  if (more.length > 0) labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...more];
}
