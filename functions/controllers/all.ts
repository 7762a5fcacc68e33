// Every controller of a cluster, with the settings that some of them need.

import type { KeyPair } from '../../core/certificates/authority.ts';
import type { SignSecretToken } from '../../core/signature/secret-token.ts';
import { apiServiceRegistrationController } from './api-service-registration.ts';
import { attachDetachController } from './attach-detach.ts';
import { bootstrapTokenCleaner } from './bootstrap-token-cleaner.ts';
import { certificateApprovalController } from './certificate-approval.ts';
import { certificateCleanupController } from './certificate-cleanup.ts';
import { createCertificateSigningController } from './certificate-signing.ts';
import type { CloudInstances } from './cloud/cloud-instances.ts';
import { createCloudNodeController } from './cloud/cloud-node.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts';
import type { Controller } from './controller.ts';
import { cronJobController } from './cronjob.ts';
import { daemonSetController } from './daemonset.ts';
import { deploymentController } from './deployment.ts';
import { disruptionBudgetController } from './disruption-budget.ts';
import { endpointMirroringController } from './endpoint-mirroring.ts';
import { endpointSliceController } from './endpoint-slice.ts';
import { endpointsController } from './endpoints.ts';
import { ephemeralVolumeController } from './ephemeral-volume.ts';
import { flowSchemaController } from './flow-schema.ts';
import { garbageCollector } from './garbage-collector.ts';
import { createHorizontalPodAutoscalerController } from './horizontal-pod-autoscaler.ts';
import { ipAddressRepairController } from './ip-address-repair.ts';
import { jobController } from './job.ts';
import { leaseGarbageCollector } from './lease-gc.ts';
import { namespaceController } from './namespace.ts';
import { createNodeIpamController } from './node-ipam.ts';
import { nodeLeaseController } from './node-lease.ts';
import { nodeLifecycleController } from './node-lifecycle.ts';
import { createNodeMonitor } from './node-monitor.ts';
import { createPersistentVolumeController } from './persistent-volume.ts';
import { podGarbageCollector } from './pod-gc.ts';
import { nothingServed, type ReadApi } from './read-api.ts';
import { replicaSetController } from './replicaset.ts';
import { replicationController } from './replication-controller.ts';
import { resourceClaimController } from './resource-claim.ts';
import { resourceQuotaController } from './resource-quota.ts';
import { createRootCaController } from './root-ca.ts';
import { serviceAccountController } from './service-account.ts';
import { createServiceAccountTokenController } from './service-account-token.ts';
import { serviceCIDRController } from './service-cidr.ts';
import { serviceLoadBalancerController } from './service-load-balancer.ts';
import { statefulSetController } from './statefulset.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { ttlAfterFinishedController } from './ttl-after-finished.ts';
import { volumeExpandController } from './volume-expand.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './volume-protection.ts';

export interface ControllerSettings {
  /** PEM: the cluster's certificate authority. */
  readonly caCertificate: string;
  /** What signs certificates; asked for when there is something to sign. Without it nothing is signed. */
  readonly authority?: () => Promise<KeyPair>;
  /** What signs the tokens of Secrets that ask for one. Without it such Secrets stay empty. */
  readonly signSecretToken?: SignSecretToken;
  /** From which every node gets its range: such as `10.244.0.0/16`. */
  readonly podCIDR: string;
  /** Where on a node local-path volumes are, unless their StorageClass has a parameter `path`. Default /var/lib/zeroplane/volumes. */
  readonly volumeDirectory?: string;
  /** The newest beat of every node, in Unix milliseconds. Without it no node is found silent. */
  readonly heartbeats?: () => Promise<ReadonlyMap<string, number>>;
  /** How long a node may be silent, in milliseconds. Default 50,000. */
  readonly nodeGraceMs?: number;
  /** Whether beats may have gone unheard before the controllers started. Default true. */
  readonly deafBeforeStart?: boolean;
  /** Where nodes may be machines of a cloud. */
  readonly cloud?: CloudInstances;
  /** Where autoscalers read metrics. Without it they find none. */
  readonly readApi?: ReadApi;
  /** How often autoscalers look. Default 15,000 ms. */
  readonly autoscalerSyncMs?: number;
}

export function controllers(settings: ControllerSettings): Controller[] {
  return [
    replicaSetController,
    deploymentController,
    replicationController,
    statefulSetController,
    daemonSetController,
    jobController,
    cronJobController,
    ttlAfterFinishedController,
    endpointSliceController,
    endpointsController,
    endpointMirroringController,
    namespaceController,
    garbageCollector,
    serviceAccountController,
    ...(settings.signSecretToken
      ? [createServiceAccountTokenController(settings.caCertificate, settings.signSecretToken)]
      : []),
    serviceCIDRController,
    serviceLoadBalancerController,
    ipAddressRepairController,
    createRootCaController(settings.caCertificate),
    createNodeIpamController(settings.podCIDR),
    nodeLeaseController,
    leaseGarbageCollector,
    nodeLifecycleController,
    ...(settings.heartbeats
      ? [
          createNodeMonitor({
            heartbeats: settings.heartbeats,
            ...(settings.nodeGraceMs !== undefined && { graceMs: settings.nodeGraceMs }),
            ...(settings.deafBeforeStart !== undefined && { deafBeforeStart: settings.deafBeforeStart }),
          }),
        ]
      : []),
    ...(settings.cloud ? [createCloudNodeController(settings.cloud)] : []),
    taintEvictionController,
    podGarbageCollector,
    createPersistentVolumeController(settings.volumeDirectory),
    disruptionBudgetController,
    createHorizontalPodAutoscalerController({
      read: settings.readApi ?? nothingServed,
      ...(settings.autoscalerSyncMs !== undefined && { syncMs: settings.autoscalerSyncMs }),
    }),
    resourceQuotaController,
    clusterRoleAggregationController,
    certificateApprovalController,
    ...(settings.authority ? [createCertificateSigningController(settings.authority)] : []),
    certificateCleanupController,
    apiServiceRegistrationController,
    flowSchemaController,
    claimProtectionController,
    volumeProtectionController,
    attributesClassProtectionController,
    ephemeralVolumeController,
    resourceClaimController,
    volumeExpandController,
    attachDetachController,
    bootstrapTokenCleaner,
  ];
}
