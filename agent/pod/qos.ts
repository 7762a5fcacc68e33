// The quality-of-service class of a pod. Source: Kubernetes, "Pod Quality of Service Classes".

import { getOwn } from '../../core/machinery/own.ts';
import type { Pod } from './pod.ts';
import { parseQuantity } from './quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

export function qosClass(pod: Pod): QosClass {
  const lists = pod.spec.resources
    ? [pod.spec.resources]
    : [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ resources }) => resources ?? {});
  const kinds = ['cpu', 'memory'];
  const amount = (list: Record<string, string> | undefined, kind: string) => parseQuantity(getOwn(list, kind) ?? '0');
  const any = lists.some(({ requests, limits }) =>
    kinds.some((kind) => amount(requests, kind) > 0 || amount(limits, kind) > 0),
  );
  if (!any) return 'BestEffort';
  const guaranteed = lists.every(({ requests, limits }) =>
    kinds.every((kind) => {
      const limit = amount(limits, kind);
      return limit > 0 && (getOwn(requests, kind) === undefined || amount(requests, kind) === limit);
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
