// Which container a stream is about.

import { badRequest } from '../../../core/machinery/status.ts';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import type { PodStream } from '../streams-contract.ts';

/** Throws BadRequest when it is not named and not the only one, or not of this pod. */
export function containerOf({ pod, query }: PodStream): string {
  // as: the edge hands over a pod as stored.
  const { metadata, spec } = pod as V1Pod;
  const podName = metadata?.name ?? '';
  const names = (list: readonly { name: string }[] | undefined) => (list ?? []).map(({ name }) => name);
  const [apps, inits, ephemeral] = [
    names(spec?.containers),
    names(spec?.initContainers),
    names(spec?.ephemeralContainers),
  ];
  const named = query.text('container') ?? '';
  if (named === '') {
    const [only] = apps;
    if (only !== undefined && apps.length === 1) return only;
    const others = inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : '';
    throw badRequest(
      `a container name must be specified for pod ${podName}, choose one of: [${apps.join(' ')}]${others}`,
    );
  }
  if (![...apps, ...inits, ...ephemeral].includes(named))
    throw badRequest(`container ${named} is not valid for pod ${podName}`);
  return named;
}

/** How a StreamRequest names the pod. */
export function podOf({ pod }: PodStream): { namespace: string; pod: string; uid: string } {
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  return { namespace, pod: name, uid };
}
