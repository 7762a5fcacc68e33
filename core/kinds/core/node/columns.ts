// What `kubectl get` shows of Nodes.

import type { V1Node } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, none, text, unknown, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Node>('Status', nodeStatus),
  text<V1Node>('Roles', nodeRoles),
  ageColumn,
  text<V1Node>('Version', ({ status }) => status?.nodeInfo?.kubeletVersion),
  wide(text<V1Node>('Internal-IP', (node) => nodeAddress(node, 'InternalIP'))),
  wide(text<V1Node>('External-IP', (node) => nodeAddress(node, 'ExternalIP'))),
  wide(text<V1Node>('OS-Image', ({ status }) => status?.nodeInfo?.osImage || unknown)),
  wide(text<V1Node>('Kernel-Version', ({ status }) => status?.nodeInfo?.kernelVersion || unknown)),
  wide(text<V1Node>('Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion || unknown)),
];

function nodeStatus({ spec, status }: V1Node): string {
  const ready = status?.conditions?.find((each) => each.type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

const roleLabel = 'node-role.kubernetes.io/';

function nodeRoles({ metadata }: V1Node): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(roleLabel) && key.length > roleLabel.length) return [key.slice(roleLabel.length)];
    return key === 'kubernetes.io/role' && value ? [value] : [];
  });
  return [...new Set(roles)].sort().join(',') || none;
}

function nodeAddress({ status }: V1Node, type: string): string {
  return status?.addresses?.find((each) => each.type === type)?.address ?? none;
}
