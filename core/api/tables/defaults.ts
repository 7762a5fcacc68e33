// Values that a field gets when a write leaves it out, where that depends on nothing else (Kubernetes' SetDefaults functions).
// A row: model and field -> value; or, where a model is shared and only one kind has the default, kind and path.
// Defaults that look at other fields belong to the registry's hooks of a kind.

import type { Json } from '../../machinery/object.ts';

const container: Readonly<Record<string, Json>> = {
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};

const webhook: Readonly<Record<string, Json>> = {
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  timeoutSeconds: 10,
};

function rows(model: string, values: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(values).map(([field, value]) => [`${model}.${field}`, value]));
}

const fileMode = 0o644;
const quarter = '25%';

export const defaults: Readonly<Record<string, Json>> = {
  ...rows('V1PodSpec', {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  }),
  // Only pods: a template does not get it.
  'V1Pod.spec.enableServiceLinks': true,
  ...rows('V1Container', container),
  ...rows('V1EphemeralContainer', container),
  'V1ContainerPort.protocol': 'TCP',
  ...rows('V1Probe', { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  ...rows('V1HTTPGetAction', { path: '/', scheme: 'HTTP' }),
  'V1GRPCAction.service': '',
  'V1ObjectFieldSelector.apiVersion': 'v1',
  'V1ResourceFieldSelector.divisor': '0',
  'V1SecretVolumeSource.defaultMode': fileMode,
  'V1ConfigMapVolumeSource.defaultMode': fileMode,
  'V1DownwardAPIVolumeSource.defaultMode': fileMode,
  'V1ProjectedVolumeSource.defaultMode': fileMode,
  'V1ServiceAccountTokenProjection.expirationSeconds': 3600,
  'V1HostPathVolumeSource.type': '',
  'V1ISCSIVolumeSource.iscsiInterface': 'default',
  'V1ISCSIPersistentVolumeSource.iscsiInterface': 'default',
  ...rows('V1RBDVolumeSource', { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
  ...rows('V1RBDPersistentVolumeSource', { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
  ...rows('V1AzureDiskVolumeSource', { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  ...rows('V1ScaleIOVolumeSource', { storageMode: 'ThinProvisioned', fsType: 'xfs' }),
  ...rows('V1ScaleIOPersistentVolumeSource', { storageMode: 'ThinProvisioned', fsType: 'xfs' }),

  ...rows('V1ServiceSpec', { sessionAffinity: 'None', type: 'ClusterIP' }),
  'V1ServicePort.protocol': 'TCP',
  'V1Service.status': { loadBalancer: {} },
  'V1ServiceStatus.loadBalancer': {},
  'CoreV1EndpointPort.protocol': 'TCP',
  'V1Secret.type': 'Opaque',
  'V1ReplicationControllerSpec.replicas': 1,
  ...rows('V1PersistentVolumeSpec', { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }),
  'V1PersistentVolume.status': { phase: 'Pending' },
  'V1PersistentVolumeStatus.phase': 'Pending',
  'V1PersistentVolumeClaimSpec.volumeMode': 'Filesystem',
  'V1PersistentVolumeClaim.status': { phase: 'Pending' },
  'V1PersistentVolumeClaimStatus.phase': 'Pending',

  ...rows('V1DeploymentSpec', {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: quarter, maxSurge: quarter } },
  }),
  'V1DeploymentStrategy.type': 'RollingUpdate',
  ...rows('V1RollingUpdateDeployment', { maxUnavailable: quarter, maxSurge: quarter }),
  'V1ReplicaSetSpec.replicas': 1,
  ...rows('V1StatefulSetSpec', {
    replicas: 1,
    revisionHistoryLimit: 10,
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  }),
  'V1StatefulSetUpdateStrategy.type': 'RollingUpdate',
  'V1RollingUpdateStatefulSetStrategy.partition': 0,
  ...rows('V1StatefulSetPersistentVolumeClaimRetentionPolicy', { whenDeleted: 'Retain', whenScaled: 'Retain' }),
  ...rows('V1DaemonSetSpec', {
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
  }),
  'V1DaemonSetUpdateStrategy.type': 'RollingUpdate',
  ...rows('V1RollingUpdateDaemonSet', { maxUnavailable: 1, maxSurge: 0 }),
  // Only jobs: the template of a cron job does not get them.
  'V1Job.spec.completionMode': 'NonIndexed',
  'V1Job.spec.suspend': false,
  'V1PodFailurePolicyOnPodConditionsPattern.status': 'True',
  ...rows('V1CronJobSpec', {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  }),
  'V1HorizontalPodAutoscalerSpec.minReplicas': 1,
  ...rows('V2HorizontalPodAutoscalerSpec', {
    minReplicas: 1,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  }),

  'V1NetworkPolicyPort.protocol': 'TCP',
  'V1IngressClassParametersReference.scope': 'Cluster',
  'V1Ingress.status': { loadBalancer: {} },
  'V1IngressStatus.loadBalancer': {},
  ...rows('DiscoveryV1EndpointPort', { name: '', protocol: 'TCP' }),
  'V1RoleRef.apiGroup': 'rbac.authorization.k8s.io',
  ...rows('V1StorageClass', { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  ...rows('V1CSIDriverSpec', {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    requiresRepublish: false,
    seLinuxMount: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: ['Persistent'],
  }),
  'V1PriorityClass.preemptionPolicy': 'PreemptLowerPriority',

  ...rows('V1MutatingWebhook', { ...webhook, reinvocationPolicy: 'Never' }),
  ...rows('V1ValidatingWebhook', webhook),
  'V1RuleWithOperations.scope': '*',
  'V1NamedRuleWithOperations.scope': '*',
  ...rows('V1MatchResources', { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} }),
  'V1ValidatingAdmissionPolicySpec.failurePolicy': 'Fail',
  'V1MutatingAdmissionPolicySpec.failurePolicy': 'Fail',
  'AdmissionregistrationV1ServiceReference.port': 443,
  'ApiextensionsV1ServiceReference.port': 443,
  'ApiregistrationV1ServiceReference.port': 443,
  'V1CustomResourceDefinitionSpec.conversion': { strategy: 'None' },

  'V1FlowSchemaSpec.matchingPrecedence': 1000,
  ...rows('V1LimitedPriorityLevelConfiguration', { nominalConcurrencyShares: 30, lendablePercent: 0 }),
  ...rows('V1ExemptPriorityLevelConfiguration', { nominalConcurrencyShares: 0, lendablePercent: 0 }),
  ...rows('V1QueuingConfiguration', { queues: 64, handSize: 8, queueLengthLimit: 50 }),
  'V1ExactDeviceRequest.allocationMode': 'ExactCount',
  'V1DeviceSubRequest.allocationMode': 'ExactCount',
  'V1DeviceToleration.operator': 'Equal',
  'V1TokenRequestSpec.expirationSeconds': 3600,
};

/** Models (by OpenAPI name) whose numbers are not pointers in Go, so that defaulting cannot tell 0 from absent. */
export const zeroIsUnset: ReadonlySet<string> = new Set([
  'io.k8s.api.core.v1.Probe',
  'io.k8s.api.flowcontrol.v1.FlowSchemaSpec',
  'io.k8s.api.flowcontrol.v1.QueuingConfiguration',
]);
