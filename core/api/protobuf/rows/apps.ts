// Field numbers of the messages of apps/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const apps: MessageRows = {
  ControllerRevision: 'metadata=1:meta.ObjectMeta data=2:json revision!=3:int',
  DaemonSet: 'metadata=1:meta.ObjectMeta spec=2:DaemonSetSpec status=3:DaemonSetStatus',
  DaemonSetCondition: 'type!=1:string status!=2:string lastTransitionTime=3:time reason=4:string message=5:string',
  DaemonSetSpec:
    'selector!=1:*meta.LabelSelector template!=2:core.PodTemplateSpec updateStrategy=3:DaemonSetUpdateStrategy minReadySeconds=4:int revisionHistoryLimit=6:*int',
  DaemonSetStatus:
    'currentNumberScheduled!=1:int numberMisscheduled!=2:int desiredNumberScheduled!=3:int numberReady!=4:int observedGeneration=5:int updatedNumberScheduled=6:int numberAvailable=7:int numberUnavailable=8:int collisionCount=9:*int conditions=10:[]DaemonSetCondition',
  DaemonSetUpdateStrategy: 'type=1:string rollingUpdate=2:*RollingUpdateDaemonSet',
  Deployment: 'metadata=1:meta.ObjectMeta spec=2:DeploymentSpec status=3:DeploymentStatus',
  DeploymentCondition:
    'type!=1:string status!=2:string reason=4:string message=5:string lastUpdateTime=6:time lastTransitionTime=7:time',
  DeploymentSpec:
    'replicas=1:*int selector!=2:*meta.LabelSelector template!=3:core.PodTemplateSpec strategy=4:DeploymentStrategy minReadySeconds=5:int revisionHistoryLimit=6:*int paused=7:bool progressDeadlineSeconds=9:*int',
  DeploymentStatus:
    'observedGeneration=1:int replicas=2:int updatedReplicas=3:int availableReplicas=4:int unavailableReplicas=5:int conditions=6:[]DeploymentCondition readyReplicas=7:int collisionCount=8:*int terminatingReplicas=9:*int',
  DeploymentStrategy: 'type=1:string rollingUpdate=2:*RollingUpdateDeployment',
  ReplicaSet: 'metadata=1:meta.ObjectMeta spec=2:ReplicaSetSpec status=3:ReplicaSetStatus',
  ReplicaSetCondition: 'type!=1:string status!=2:string lastTransitionTime=3:time reason=4:string message=5:string',
  ReplicaSetSpec:
    'replicas=1:*int selector!=2:*meta.LabelSelector template=3:core.PodTemplateSpec minReadySeconds=4:int',
  ReplicaSetStatus:
    'replicas!=1:int fullyLabeledReplicas=2:int observedGeneration=3:int readyReplicas=4:int availableReplicas=5:int conditions=6:[]ReplicaSetCondition terminatingReplicas=7:*int',
  RollingUpdateDaemonSet: 'maxUnavailable=1:*intstr maxSurge=2:*intstr',
  RollingUpdateDeployment: 'maxUnavailable=1:*intstr maxSurge=2:*intstr',
  RollingUpdateStatefulSetStrategy: 'partition=1:*int maxUnavailable=2:*intstr',
  StatefulSet: 'metadata=1:meta.ObjectMeta spec=2:StatefulSetSpec status=3:StatefulSetStatus',
  StatefulSetCondition: 'type!=1:string status!=2:string lastTransitionTime=3:time reason=4:string message=5:string',
  StatefulSetOrdinals: 'start!=1:int',
  StatefulSetPersistentVolumeClaimRetentionPolicy: 'whenDeleted=1:string whenScaled=2:string',
  StatefulSetSpec:
    'replicas=1:*int selector!=2:*meta.LabelSelector template!=3:core.PodTemplateSpec volumeClaimTemplates=4:[]core.PersistentVolumeClaim serviceName!=5:string podManagementPolicy=6:string updateStrategy=7:StatefulSetUpdateStrategy revisionHistoryLimit=8:*int minReadySeconds=9:int persistentVolumeClaimRetentionPolicy=10:*StatefulSetPersistentVolumeClaimRetentionPolicy ordinals=11:*StatefulSetOrdinals',
  StatefulSetStatus:
    'observedGeneration=1:int replicas!=2:int readyReplicas=3:int currentReplicas=4:int updatedReplicas=5:int currentRevision=6:string updateRevision=7:string collisionCount=9:*int conditions=10:[]StatefulSetCondition availableReplicas!=11:int',
  StatefulSetUpdateStrategy: 'type=1:string rollingUpdate=2:*RollingUpdateStatefulSetStrategy',
};
