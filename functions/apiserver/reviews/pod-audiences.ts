// For which audiences a pod needs tokens of its service account: those of its projected volumes, and of the CSI drivers that mount its
// volumes. Source: KEP-4935; storage.k8s.io/v1 CSIDriver, tokenRequests.

import { claimNames } from '../../../core/kinds/core/pod/semantics/claims.ts';
import { projectedSources } from '../../../core/kinds/core/pod/semantics/projected-sources.ts';
import type { RequestContext } from '../../../core/registry/registry.ts';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import { findObject } from './find-object.ts';
import type { ReviewParts } from './review.ts';

/** Of a volume or a driver that names none. */
const defaultSeconds = 3600;

/** The longest life that the pod asks for; undefined: it asks for no token of this audience. Empty: the API server's own. */
export async function podTokenSeconds(
  parts: Pick<ReviewParts, 'registry' | 'definitions'>,
  context: RequestContext,
  pod: V1Pod,
  audience: string,
): Promise<number | undefined> {
  const asked = projected(pod, audience);
  for (const name of await driversOf(parts, context, pod)) {
    const driver = await findObject(parts, context, 'storage.k8s.io/csidrivers', '', name);
    for (const request of driver?.spec?.tokenRequests ?? [])
      if ((request.audience ?? '') === audience) asked.push(Number(request.expirationSeconds ?? defaultSeconds));
  }
  return asked.length === 0 ? undefined : Math.max(...asked);
}

function projected({ spec }: V1Pod, audience: string): number[] {
  return projectedSources(spec).flatMap(({ serviceAccountToken: token }) =>
    token && (token.audience ?? '') === audience ? [Number(token.expirationSeconds ?? defaultSeconds)] : [],
  );
}

async function driversOf(
  parts: Pick<ReviewParts, 'registry' | 'definitions'>,
  context: RequestContext,
  { metadata: { namespace = '', name: podName = '' } = {}, spec }: V1Pod,
): Promise<ReadonlySet<string>> {
  const drivers = new Set<string>();
  for (const { csi } of spec?.volumes ?? []) if (csi) drivers.add(csi.driver);
  for (const claimName of claimNames(podName, spec?.volumes)) {
    const claim = await findObject(parts, context, 'persistentvolumeclaims', namespace, claimName);
    const volumeName = claim?.spec?.volumeName ?? '';
    const volume = await findObject(parts, context, 'persistentvolumes', '', volumeName);
    if (volume?.spec?.csi) drivers.add(volume.spec.csi.driver);
  }
  return drivers;
}
