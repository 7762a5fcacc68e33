// Log names by apiVersion and kind, for tests that read objects from YAML.

import { type ScalePaths, workloadScale } from '../../../core/registry/scale.ts';
import type { ServedType } from '../controller.ts';

const rows: [type: string, version: string, kind: string, namespaced: boolean, scale?: ScalePaths][] = [
  ['pods', 'v1', 'Pod', true],
  ['nodes', 'v1', 'Node', false],
  ['namespaces', 'v1', 'Namespace', false],
  ['services', 'v1', 'Service', true],
  ['endpoints', 'v1', 'Endpoints', true],
  ['configmaps', 'v1', 'ConfigMap', true],
  ['secrets', 'v1', 'Secret', true],
  ['serviceaccounts', 'v1', 'ServiceAccount', true],
  ['persistentvolumes', 'v1', 'PersistentVolume', false],
  ['persistentvolumeclaims', 'v1', 'PersistentVolumeClaim', true],
  ['replicationcontrollers', 'v1', 'ReplicationController', true, workloadScale],
  ['resourcequotas', 'v1', 'ResourceQuota', true],
  ['apps/deployments', 'v1', 'Deployment', true, workloadScale],
  ['apps/replicasets', 'v1', 'ReplicaSet', true, workloadScale],
  ['apps/statefulsets', 'v1', 'StatefulSet', true, workloadScale],
  ['apps/daemonsets', 'v1', 'DaemonSet', true],
  ['apps/controllerrevisions', 'v1', 'ControllerRevision', true],
  ['batch/jobs', 'v1', 'Job', true],
  ['batch/cronjobs', 'v1', 'CronJob', true],
  ['discovery.k8s.io/endpointslices', 'v1', 'EndpointSlice', true],
  ['policy/poddisruptionbudgets', 'v1', 'PodDisruptionBudget', true],
  ['autoscaling/horizontalpodautoscalers', 'v2', 'HorizontalPodAutoscaler', true],
  ['rbac.authorization.k8s.io/clusterroles', 'v1', 'ClusterRole', false],
  ['rbac.authorization.k8s.io/clusterrolebindings', 'v1', 'ClusterRoleBinding', false],
  ['certificates.k8s.io/certificatesigningrequests', 'v1', 'CertificateSigningRequest', false],
  ['coordination.k8s.io/leases', 'v1', 'Lease', true],
  ['storage.k8s.io/volumeattachments', 'v1', 'VolumeAttachment', false],
  ['storage.k8s.io/csidrivers', 'v1', 'CSIDriver', false],
  ['storage.k8s.io/volumeattributesclasses', 'v1', 'VolumeAttributesClass', false],
  ['storage.k8s.io/storageclasses', 'v1', 'StorageClass', false],
  ['resource.k8s.io/resourceclaims', 'v1', 'ResourceClaim', true],
  ['resource.k8s.io/resourceclaimtemplates', 'v1', 'ResourceClaimTemplate', true],
  ['networking.k8s.io/servicecidrs', 'v1', 'ServiceCIDR', false],
  ['apiregistration.k8s.io/apiservices', 'v1', 'APIService', false],
  ['apiextensions.k8s.io/customresourcedefinitions', 'v1', 'CustomResourceDefinition', false],
  ['networking.k8s.io/ipaddresses', 'v1', 'IPAddress', false],
  ['flowcontrol.apiserver.k8s.io/flowschemas', 'v1', 'FlowSchema', false],
  ['flowcontrol.apiserver.k8s.io/prioritylevelconfigurations', 'v1', 'PriorityLevelConfiguration', false],
];

export const kinds: readonly ServedType[] = rows.map(([type, version, kind, namespaced, scale]) => {
  const slash = type.indexOf('/');
  return { type, group: slash < 0 ? '' : type.slice(0, slash), version, kind, namespaced, ...(scale && { scale }) };
});

export function typeOf(object: { apiVersion?: string; kind?: string }): string {
  const [version, group = ''] = (object.apiVersion ?? '').split('/').reverse();
  const found = kinds.find((each) => each.group === group && each.version === version && each.kind === object.kind);
  if (!found) throw new Error(`no log name is known for ${object.apiVersion} ${object.kind}`);
  return found.type;
}
