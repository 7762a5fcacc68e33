// The quality of service class of a pod, from its requests and limits of CPU and memory.
// Source: Kubernetes, "Pod Quality of Service Classes"; KEP-2837 (resources of the pod stand for those of its containers).

import type { V1PodSpec } from '../../../../../generated/kubernetes.ts';
import { compareQuantities, parseQuantity } from '../../../../machinery/quantity.ts';
import { ownContainers } from './containers.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;

export function qosClass(spec: V1PodSpec): QosClass {
  let any = false;
  let guaranteed = true;
  const sources = spec.resources ? [{ resources: spec.resources }] : ownContainers(spec);
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
