// The quality of service class of a pod, from its requests and limits of CPU and memory.

import type { V1PodSpec } from '../../../../generated/kubernetes.ts';
import { compareQuantities, parseQuantity } from '../../../machinery/quantity.ts';

const counted = ['cpu', 'memory'] as const;

export function qosClass(spec: V1PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  let any = false;
  let guaranteed = true;
  const sources = spec.resources
    ? [{ resources: spec.resources }]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const { resources } of sources) {
    for (const name of counted) {
      const limit = positive(resources?.limits?.[name]);
      const request = positive(resources?.requests?.[name]);
      if (limit || request) any = true;
      if (!limit || !request || compareQuantities(limit, request) !== 0) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function positive(text: string | undefined) {
  if (text === undefined) return undefined;
  const quantity = parseQuantity(text);
  return quantity.nanos > 0n ? quantity : undefined;
}
