// NodeRestriction: a node's identity changes its own Node, its own pods' status, its own lease, and nothing else.
// Source: Kubernetes documentation, "Admission controllers", NodeRestriction; KEP-279 for labels.

import type { V1Pod } from '../../../generated/kubernetes.ts';
import { deepEqual } from '../../machinery/equality.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import { forbidden } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';

const userPrefix = 'system:node:';
const mirror = 'kubernetes.io/config.mirror';

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  validate(attributes) {
    const { user } = attributes.context;
    if (!user.groups.includes('system:nodes') || !user.username.startsWith(userPrefix)) return;
    const node = user.username.slice(userPrefix.length);
    switch (attributes.definition.type) {
      case 'pods':
        return checkPod(attributes, node);
      case 'nodes':
        return checkNode(attributes, node);
      case 'coordination.k8s.io/leases':
        if (attributes.namespace !== 'kube-node-lease')
          refuse(attributes, `can only access leases in the "kube-node-lease" system namespace`);
        if (attributes.name !== node)
          refuse(attributes, `can only access node lease with the same name as the requesting node`);
        return;
      case 'storage.k8s.io/csinodes':
        if (attributes.name !== node)
          refuse(attributes, 'can only access CSINode with the same name as the requesting node');
        return;
      case 'persistentvolumeclaims':
        refuse(attributes, 'may only update PVC status');
    }
  },
};

function checkPod(attributes: Attributes, node: string): void {
  const { operation, subresource, object, old } = attributes;
  if (operation === 'CREATE' && subresource === '') {
    if (!object?.metadata.annotations?.[mirror])
      refuse(attributes, `pod does not have "${mirror}" annotation, node "${node}" can only create mirror pods`);
    if (nodeOf(object) !== node)
      refuse(attributes, `node "${node}" can only create pods with spec.nodeName set to itself`);
    return;
  }
  if (operation === 'UPDATE' && subresource !== 'status')
    refuse(attributes, `node "${node}" can only update pod status`);
  if (nodeOf(old) !== node) {
    const what = operation === 'DELETE' ? 'delete pods' : 'update pod status for pods';
    refuse(attributes, `node "${node}" can only ${what} with spec.nodeName set to itself`);
  }
  if (operation === 'UPDATE' && !deepEqual(object?.metadata.labels ?? {}, old?.metadata.labels ?? {})) {
    refuse(attributes, `node "${node}" cannot update labels through pod status`);
  }
}

function checkNode(attributes: Attributes, node: string): void {
  const { operation, name, object, old } = attributes;
  if (name !== node) refuse(attributes, `node "${node}" is not allowed to modify node "${name}"`);
  if (operation === 'DELETE') refuse(attributes, `node "${node}" cannot delete itself`);
  const changed = changedLabels(object, old).filter((key) => !mayLabel(key));
  if (changed.length > 0) refuse(attributes, `is not allowed to modify labels: ${changed.sort().join(', ')}`);
  if (operation !== 'UPDATE') return;
  const taints = (each: KubeObject | undefined) => Object(each?.['spec']).taints ?? [];
  if (!deepEqual(taints(object), taints(old))) refuse(attributes, `node "${node}" is not allowed to modify taints`);
  if (!deepEqual(object?.metadata.ownerReferences ?? [], old?.metadata.ownerReferences ?? [])) {
    refuse(attributes, `node "${node}" is not allowed to modify ownerReferences`);
  }
}

function nodeOf(object: KubeObject | undefined): string | undefined {
  // What is stored as a pod is one.
  return (object as unknown as V1Pod | undefined)?.spec?.nodeName;
}

function changedLabels(object: KubeObject | undefined, old: KubeObject | undefined): string[] {
  const [after, before] = [object?.metadata.labels ?? {}, old?.metadata.labels ?? {}];
  return [...new Set([...Object.keys(after), ...Object.keys(before)])].filter(
    (key) => getOwn(after, key) !== getOwn(before, key),
  );
}

const ownLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);

/** Labels of the kubernetes.io and k8s.io domains steer workloads: a node may set only those that describe it. */
function mayLabel(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return true;
  const domain = key.slice(0, slash);
  const under = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (under('node-restriction.kubernetes.io')) return false;
  if (!under('kubernetes.io') && !under('k8s.io')) return true;
  return ownLabels.has(key) || under('kubelet.kubernetes.io') || under('node.kubernetes.io');
}

function refuse({ definition, name }: Attributes, why: string): never {
  throw forbidden(subjectOf(definition), name, why);
}
