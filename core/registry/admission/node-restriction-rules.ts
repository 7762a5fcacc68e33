// What NodeRestriction lets a node's identity change: its own Node, its own pods' status, its own lease, and nothing else.
// Source: Kubernetes documentation, "Admission controllers", NodeRestriction; KEP-279 for labels; KEP-4381 for slices.

import type { V1Lease, V1Node, V1Pod } from '../../../generated/kubernetes.ts';
import { mirrorAnnotation } from '../../kinds/core/pod/semantics/mirror.ts';
import { projectedSources } from '../../kinds/core/pod/semantics/projected-sources.ts';
import type { Environment } from '../../kinds/environment.ts';
import { deepEqual } from '../../machinery/equality.ts';
import { type FieldError, invalid } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import { semanticEqual } from '../../machinery/semantic-equal.ts';
import { forbidden, notFound } from '../../machinery/status.ts';
import { joinedBy } from '../../node/joining.ts';
import { mayLabelItself } from '../../node/own-labels.ts';
import { isWireGuardKey, seenFrom, wireGuardKey } from '../../node/pod-network.ts';
import { podReferences } from '../../node/pod-references.ts';
import { turnFault, upgradeLease } from '../../node/upgrade-turn.ts';
import { subjectOf } from '../target.ts';
import { nodeStatusErrors, podAddressesChanged, podStatusErrors } from './node-statuses.ts';
import { type Attributes, type AttributesOf, isOfType, type WriteEnvironment } from './plugin.ts';

type OfPods = Attributes & AttributesOf<'pods'>;
type OfNodes = Attributes & AttributesOf<'nodes'>;

/** `node`: whose identity asks. */
export function restrictNode(attributes: Attributes, node: string, env: WriteEnvironment): void | Promise<void> {
  if (isOfType(attributes, 'pods')) return checkPod(attributes, node, env);
  if (isOfType(attributes, 'nodes')) {
    checkNode(attributes, node);
    return checkWireGuardKey(attributes, node, env);
  }
  switch (attributes.definition.type) {
    case 'coordination.k8s.io/leases':
      if (attributes.namespace === upgradeLease.namespace && attributes.name === upgradeLease.name)
        return checkTurn(attributes, node, env);
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
      return checkClaim(attributes, node);
    case 'resource.k8s.io/resourceslices':
      return checkSlice(attributes, node);
  }
}

/** No node takes another's turn, and none keeps it for long. */
function checkTurn({ object, old, ...attributes }: Attributes, node: string, env: Environment): void {
  // as: the caller looked at the type.
  const [after, before] = [object as V1Lease | undefined, old as V1Lease | undefined];
  const fault = after === undefined ? 'it does not delete it' : undefined;
  const why = fault ?? turnFault(node, before?.spec, after?.spec, env.clock().getTime());
  if (why !== undefined) refuse({ ...attributes, object, old }, `node "${node}" cannot write this Lease: ${why}`);
}

async function checkPod(attributes: OfPods, node: string, env: Environment): Promise<void> {
  const { operation, subresource, object, old } = attributes;
  switch (subresource) {
    case '':
      if (operation === 'CREATE') return checkMirrorPod(attributes, node, env);
      if (operation === 'DELETE') return checkOwnPod(attributes, old, node, 'delete pods');
      return refuse(
        attributes,
        `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`,
      );
    case 'status': {
      checkOwnPod(attributes, old, node, 'update pod status for pods');
      const [pod, before] = [object, old];
      if (!pod || !before) return refuse(attributes, `node "${node}" can only update pod status`);
      if (!deepEqual(pod.metadata?.labels ?? {}, before.metadata?.labels ?? {}))
        refuse(attributes, `node "${node}" cannot update labels through pod status`);
      const stored = podAddressesChanged(pod, before) ? await env.lookUp('nodes', node) : undefined;
      return throwInvalid(attributes, podStatusErrors(pod, before, stored));
    }
    case 'eviction': {
      const pod = await env.lookUp('pods', `${attributes.namespace}/${attributes.name}`);
      return checkOwnPod(attributes, pod, node, 'evict pods');
    }
    default:
      refuse(attributes, `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`);
  }
}

function checkOwnPod(attributes: Attributes, pod: V1Pod | undefined, node: string, what: string): void {
  if (pod?.spec?.nodeName !== node)
    refuse(attributes, `node "${node}" can only ${what} with spec.nodeName set to itself`);
}

/** The picture of a static pod: it must not open anything to its node that it did not have. */
async function checkMirrorPod(attributes: OfPods, node: string, env: Environment): Promise<void> {
  const { metadata = {}, spec } = attributes.object ?? {};
  const no = (why: string) => refuse(attributes, `node "${node}" ${why}`);
  if (!metadata.annotations?.[mirrorAnnotation])
    refuse(
      attributes,
      `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`,
    );
  if (spec?.nodeName !== node) no('can only create pods with spec.nodeName set to itself');
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (others.length > 0) no('can only create pods with a single owner reference set to itself');
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return no('can only create pods with an owner reference set to itself');
  if (!owner.controller) no('can only create pods with a controller owner reference set to itself');
  if (owner.blockOwnerDeletion) no('must not set blockOwnerDeletion on an owner reference');
  const stored = await env.lookUp('nodes', node);
  if (!stored) throw notFound({ group: '', resource: 'nodes' }, node);
  if (stored.metadata.uid !== owner.uid)
    refuse(attributes, `node ${node} UID mismatch: expected ${owner.uid} got ${stored.metadata.uid}`);
  if (spec?.serviceAccountName) no('can not create pods that reference a service account');
  for (const { resource } of podReferences(metadata.namespace ?? '', metadata.name ?? '', spec))
    no(`can not create pods that reference ${resource}`);
  if (spec?.resourceClaims?.length) no('can not create pods that reference resourceclaims');
  if (projectedSources(spec).some(({ clusterTrustBundle }) => clusterTrustBundle))
    no('can not create pods that reference clustertrustbundles');
}

function checkNode(attributes: OfNodes, node: string): void {
  const { operation, name, subresource, object, old } = attributes;
  if (name !== node) refuse(attributes, `node "${node}" is not allowed to modify node "${name}"`);
  if (operation === 'DELETE') refuse(attributes, `node "${node}" cannot delete itself`);
  const changed = changedLabels(object, old).filter((key) => !mayLabelItself(key));
  if (changed.length > 0) refuse(attributes, `is not allowed to modify labels: ${changed.sort().join(', ')}`);
  const [after, before] = [object, old];
  const differs = (field: keyof NonNullable<V1Node['spec']>) =>
    !semanticEqual(after?.spec?.[field], before?.spec?.[field]);
  if (differs('configSource')) refuse(attributes, `node "${node}" is not allowed to set configSource`);
  // More than Kubernetes asks: whose range it is, the control plane says.
  if (differs('podCIDR') || differs('podCIDRs'))
    refuse(attributes, `node "${node}" is not allowed to set its podCIDRs`);
  for (const annotation of [joinedBy, seenFrom])
    if (annotationOf(object, annotation) !== annotationOf(old, annotation))
      refuse(attributes, `node "${node}" is not allowed to modify the annotation ${annotation}`);
  if (!deepEqual(object?.metadata.finalizers ?? [], old?.metadata.finalizers ?? []))
    refuse(attributes, `node "${node}" is not allowed to modify finalizers`);
  if (operation === 'CREATE') return;
  if (differs('taints')) refuse(attributes, `node "${node}" is not allowed to modify taints`);
  if (!deepEqual(object?.metadata.ownerReferences ?? [], old?.metadata.ownerReferences ?? [])) {
    refuse(attributes, `node "${node}" is not allowed to modify ownerReferences`);
  }
  if (subresource === 'status' && after) throwInvalid(attributes, nodeStatusErrors(after, before));
}

/** Packets to pods are encrypted for the key of their node: who had another's would cut that node off. */
async function checkWireGuardKey(attributes: OfNodes, node: string, env: Environment): Promise<void> {
  const key = annotationOf(attributes.object, wireGuardKey);
  if (key === undefined || key === annotationOf(attributes.old, wireGuardKey)) return;
  if (!isWireGuardKey(key)) refuse(attributes, `the annotation ${wireGuardKey} must be a WireGuard key in base64`);
  for (const other of await env.lookAll('nodes'))
    if (other.metadata.name !== node && annotationOf(other, wireGuardKey) === key)
      refuse(attributes, `the key in the annotation ${wireGuardKey} is another node's`);
}

function annotationOf(object: { readonly metadata: KubeObject['metadata'] } | undefined, name: string) {
  return getOwn(object?.metadata.annotations ?? {}, name);
}

const claimFields = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'] as const;

/** What a node found out of a volume that it grew. */
function checkClaim(attributes: Attributes, node: string): void {
  const { operation, subresource, object, old } = attributes;
  if (operation !== 'UPDATE' || subresource !== 'status') refuse(attributes, 'may only update PVC status');
  const rest = (claim: KubeObject | undefined) => {
    const { resourceVersion: _, managedFields: __, ...metadata } = claim?.metadata ?? {};
    const status: Record<string, unknown> = { ...Object(claim?.['status']) };
    for (const field of claimFields) delete status[field];
    return { ...claim, metadata, status };
  };
  if (!semanticEqual(rest(object), rest(old)))
    refuse(
      attributes,
      `node "${node}" is not allowed to update fields other than ${claimFields.map((each) => `status.${each}`).join(', ')}`,
    );
}

/** Devices are told by the node that has them. */
function checkSlice(attributes: Attributes, node: string): void {
  const { operation, object, old } = attributes;
  // as: the one field that is looked at.
  const named = (slice: KubeObject | undefined) =>
    (slice as { spec?: { nodeName?: string } } | undefined)?.spec?.nodeName;
  if (operation === 'CREATE' && named(object) !== node)
    refuse(attributes, 'can only create ResourceSlice with the same NodeName as the requesting node');
  if (operation !== 'CREATE' && named(old) !== node)
    refuse(
      attributes,
      `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`,
    );
}

function throwInvalid({ definition, name }: Attributes, errors: FieldError[]): void {
  if (errors.length > 0) throw invalid(definition.kind, definition.group, name, errors);
}

function changedLabels(object: KubeObject | undefined, old: KubeObject | undefined): string[] {
  const [after, before] = [object?.metadata.labels ?? {}, old?.metadata.labels ?? {}];
  return [...new Set([...Object.keys(after), ...Object.keys(before)])].filter(
    (key) => getOwn(after, key) !== getOwn(before, key),
  );
}

function refuse({ definition, name }: Attributes, why: string): never {
  throw forbidden(subjectOf(definition), name, why);
}
