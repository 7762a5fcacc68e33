// Which strategy each built-in type has. A type without a row is served by its schema alone.

import type { ResourceDefinition } from '../../api/definition.ts';
import { getOwn } from '../../machinery/own.ts';
import type { TypeName } from '../../store/store.ts';
import type { Strategy } from '../strategy.ts';
import {
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
} from './admission-policy.ts';
import { apiService } from './api-service.ts';
import { horizontalPodAutoscaler } from './autoscaler.ts';
import { certificateSigningRequest } from './certificate-signing-request.ts';
import { configMap, secret } from './config-map.ts';
import { cronJob } from './cron-job.ts';
import {
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
} from './csi.ts';
import { customResource } from './custom-resource.ts';
import { customResourceDefinition } from './custom-resource-definition.ts';
import { daemonSet } from './daemon-set.ts';
import { deployment } from './deployment.ts';
import { deviceClass, resourceClaim, resourceClaimTemplate } from './device-claim.ts';
import { endpointSlice, endpoints } from './endpoints.ts';
import { event } from './event.ts';
import { ingress, ingressClass } from './ingress.ts';
import { job } from './job.ts';
import { namespace } from './namespace.ts';
import { networkPolicy } from './network-policy.ts';
import { node } from './node.ts';
import { pod } from './pod/pod.ts';
import { podDisruptionBudget, priorityClass } from './policy.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from './rbac.ts';
import { replicaSet, replicationController } from './replica-set.ts';
import { resourceQuota } from './resource-quota.ts';
import { resourceSlice } from './resource-slice.ts';
import { service } from './service/service.ts';
import { ipAddress, serviceCIDR } from './service-cidr.ts';
import { controllerRevision, lease, limitRange, podTemplate, runtimeClass } from './small-kinds.ts';
import { statefulSet } from './stateful-set.ts';
import { persistentVolume, persistentVolumeClaim } from './storage.ts';
import { webhookConfiguration } from './webhook-configuration.ts';

const plain: Strategy = {};
const counted: Strategy = { generation: true };

const strategies: Readonly<Record<TypeName, Strategy>> = {
  configmaps: configMap,
  endpoints,
  events: event,
  limitranges: limitRange,
  namespaces: namespace,
  nodes: node,
  persistentvolumeclaims: persistentVolumeClaim,
  persistentvolumes: persistentVolume,
  pods: pod,
  podtemplates: podTemplate,
  replicationcontrollers: replicationController,
  resourcequotas: resourceQuota,
  secrets: secret,
  services: service,
  'apps/controllerrevisions': controllerRevision,
  'apps/daemonsets': daemonSet,
  'apps/deployments': deployment,
  'apps/replicasets': replicaSet,
  'apps/statefulsets': statefulSet,
  'autoscaling/horizontalpodautoscalers': horizontalPodAutoscaler,
  'batch/cronjobs': cronJob,
  'batch/jobs': job,
  'certificates.k8s.io/certificatesigningrequests': certificateSigningRequest,
  'coordination.k8s.io/leases': lease,
  'discovery.k8s.io/endpointslices': endpointSlice,
  'networking.k8s.io/ingresses': ingress,
  'networking.k8s.io/ipaddresses': ipAddress,
  'networking.k8s.io/networkpolicies': networkPolicy,
  'networking.k8s.io/ingressclasses': ingressClass,
  'networking.k8s.io/servicecidrs': serviceCIDR,
  'policy/poddisruptionbudgets': podDisruptionBudget,
  'rbac.authorization.k8s.io/clusterroles': clusterRole,
  'rbac.authorization.k8s.io/clusterrolebindings': clusterRoleBinding,
  'rbac.authorization.k8s.io/roles': role,
  'rbac.authorization.k8s.io/rolebindings': roleBinding,
  'scheduling.k8s.io/priorityclasses': priorityClass,
  'node.k8s.io/runtimeclasses': runtimeClass,
  'storage.k8s.io/csidrivers': csiDriver,
  'storage.k8s.io/csinodes': csiNode,
  'storage.k8s.io/csistoragecapacities': csiStorageCapacity,
  'storage.k8s.io/storageclasses': storageClass,
  'storage.k8s.io/volumeattachments': volumeAttachment,
  'storage.k8s.io/volumeattributesclasses': volumeAttributesClass,
  'apiextensions.k8s.io/customresourcedefinitions': customResourceDefinition,
  'apiregistration.k8s.io/apiservices': apiService,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': webhookConfiguration,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': webhookConfiguration,
  'admissionregistration.k8s.io/validatingadmissionpolicies': validatingAdmissionPolicy,
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': validatingAdmissionPolicyBinding,
  'admissionregistration.k8s.io/mutatingadmissionpolicies': mutatingAdmissionPolicy,
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': mutatingAdmissionPolicyBinding,
  'flowcontrol.apiserver.k8s.io/flowschemas': counted,
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': counted,
  'resource.k8s.io/deviceclasses': deviceClass,
  'resource.k8s.io/resourceclaims': resourceClaim,
  'resource.k8s.io/resourceclaimtemplates': resourceClaimTemplate,
  'resource.k8s.io/resourceslices': resourceSlice,
};

export function strategyOf(definition: ResourceDefinition): Strategy {
  if (definition.customResource) return customResource;
  return getOwn(strategies, definition.type) ?? plain;
}
