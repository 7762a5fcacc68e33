// What a driver is told of a volume and its pod. Pure, but for tokens. Sources: CSI, VolumeCapability; Kubernetes' CSIDriverSpec.

import { parseJson } from '../../core/machinery/json.ts';
import { compareQuantities, parseQuantity } from '../../core/machinery/quantity.ts';
import type { V1CSIDriver, V1PersistentVolume, V1PersistentVolumeClaim } from '../../generated/kubernetes.ts';
import type { VolumeContext } from '../volumes/volume-type.ts';
import { accessModes, nodeCapabilities, type VolumeCapabilityInput } from './messages.ts';

/** The widest that the volume allows. */
export function accessModeOf(modes: readonly string[] = [], capabilities: ReadonlySet<number>): number {
  const tellsPodsApart = capabilities.has(nodeCapabilities.singleNodeMultiWriter);
  if (modes.includes('ReadWriteMany')) return accessModes.multiNodeMultiWriter;
  if (modes.includes('ReadOnlyMany') && !modes.includes('ReadWriteOnce')) return accessModes.multiNodeReaderOnly;
  if (!tellsPodsApart) return accessModes.singleNodeWriter;
  return modes.includes('ReadWriteOncePod') ? accessModes.singleNodeSingleWriter : accessModes.singleNodeMultiWriter;
}

export function capabilityOf(facts: {
  readonly block: boolean;
  readonly fsType: string | undefined;
  readonly mountOptions?: readonly string[] | undefined;
  readonly mode: number;
  readonly group: number | undefined;
}): VolumeCapabilityInput {
  const { block, fsType, mountOptions, mode, group } = facts;
  const accessMode = { mode };
  if (block) return { block: {}, accessMode };
  const volumeMountGroup = group === undefined ? undefined : String(group);
  return { mount: { fsType, mountFlags: mountOptions, volumeMountGroup }, accessMode };
}

export function isBlock({ spec }: V1PersistentVolume): boolean {
  return spec?.volumeMode === 'Block';
}

/** How large the volume is to become on this node; undefined: its claim says that it is. */
export function growthOf({ spec }: V1PersistentVolume, claim: V1PersistentVolumeClaim | undefined): string | undefined {
  const wanted = spec?.capacity?.['storage'];
  const there = claim?.status?.capacity?.['storage'];
  if (wanted === undefined || there === undefined) return undefined;
  return compareQuantities(parseQuantity(wanted), parseQuantity(there)) > 0 ? wanted : undefined;
}

/** What its claim says then (KEP-284, KEP-1790). */
export function grownStatus({ status }: V1PersistentVolumeClaim, storage: string): object {
  const over = new Set(['FileSystemResizePending', 'Resizing']);
  return {
    capacity: { ...status?.capacity, storage },
    conditions: (status?.conditions ?? []).filter(({ type }) => !over.has(type)),
    allocatedResourceStatuses: null,
  };
}

/** Whether files are given to the pod's group. `volume`: undefined for one without a claim, whose pod alone has it. */
export function givesToGroup(driver: V1CSIDriver | undefined, volume: V1PersistentVolume | undefined): boolean {
  switch (driver?.spec?.fsGroupPolicy) {
    case 'File':
      return true;
    case 'None':
      return false;
    default: {
      // ReadWriteOnceWithFSType
      const modes = volume?.spec?.accessModes ?? [];
      return Boolean(volume?.spec?.csi?.fsType) && modes.includes('ReadWriteOnce') && modes.length === 1;
    }
  }
}

/** What the driver asked to know of a pod. */
export async function podContext(
  driver: V1CSIDriver | undefined,
  { pod, tokens }: Pick<VolumeContext, 'pod' | 'tokens'>,
  ephemeral: boolean,
): Promise<Record<string, string>> {
  const { podInfoOnMount, tokenRequests = [] } = driver?.spec ?? {};
  const { name, namespace, uid } = pod.metadata;
  const key = (text: string) => `csi.storage.k8s.io/${text}`;
  const given = new Map<string, object>();
  for (const { audience, expirationSeconds = 3600 } of tokenRequests) {
    const token = await tokens.token(pod, audience || undefined, Number(expirationSeconds));
    given.set(audience, { token, expirationTimestamp: endOf(token) });
  }
  return {
    ...(podInfoOnMount && {
      [key('pod.name')]: name,
      [key('pod.namespace')]: namespace,
      [key('pod.uid')]: uid,
      [key('serviceAccount.name')]: pod.spec.serviceAccountName || 'default',
      [key('ephemeral')]: String(ephemeral),
    }),
    ...(given.size > 0 && { [key('serviceAccount.tokens')]: JSON.stringify(Object.fromEntries(given)) }),
  };
}

/** RFC 7519, exp. */
function endOf(token: string): string {
  // as: the API server made it.
  const { exp } = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number };
  return new Date(exp * 1000).toISOString();
}
