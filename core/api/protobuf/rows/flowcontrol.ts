// Field numbers of the messages of flowcontrol.apiserver.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const flowcontrol: MessageRows = {
  ExemptPriorityLevelConfiguration: 'nominalConcurrencyShares=1:*int lendablePercent=2:*int',
  FlowDistinguisherMethod: 'type!=1:string',
  FlowSchema: 'metadata=1:meta.ObjectMeta spec=2:FlowSchemaSpec status=3:FlowSchemaStatus',
  FlowSchemaCondition: 'type=1:string status=2:string lastTransitionTime=3:time reason=4:string message=5:string',
  FlowSchemaSpec:
    'priorityLevelConfiguration!=1:PriorityLevelConfigurationReference matchingPrecedence!=2:int distinguisherMethod=3:*FlowDistinguisherMethod rules=4:[]PolicyRulesWithSubjects',
  FlowSchemaStatus: 'conditions=1:[]FlowSchemaCondition',
  GroupSubject: 'name!=1:string',
  LimitResponse: 'type!=1:string queuing=2:*QueuingConfiguration',
  LimitedPriorityLevelConfiguration:
    'nominalConcurrencyShares!=1:*int limitResponse=2:LimitResponse lendablePercent=3:*int borrowingLimitPercent=4:*int',
  NonResourcePolicyRule: 'verbs!=1:[]string nonResourceURLs!=6:[]string',
  PolicyRulesWithSubjects:
    'subjects!=1:[]Subject resourceRules=2:[]ResourcePolicyRule nonResourceRules=3:[]NonResourcePolicyRule',
  PriorityLevelConfiguration:
    'metadata=1:meta.ObjectMeta spec=2:PriorityLevelConfigurationSpec status=3:PriorityLevelConfigurationStatus',
  PriorityLevelConfigurationCondition:
    'type=1:string status=2:string lastTransitionTime=3:time reason=4:string message=5:string',
  PriorityLevelConfigurationReference: 'name!=1:string',
  PriorityLevelConfigurationSpec:
    'type!=1:string limited=2:*LimitedPriorityLevelConfiguration exempt=3:*ExemptPriorityLevelConfiguration',
  PriorityLevelConfigurationStatus: 'conditions=1:[]PriorityLevelConfigurationCondition',
  QueuingConfiguration: 'queues!=1:int handSize!=2:int queueLengthLimit!=3:int',
  ResourcePolicyRule:
    'verbs!=1:[]string apiGroups!=2:[]string resources!=3:[]string clusterScope=4:bool namespaces!=5:[]string',
  ServiceAccountSubject: 'namespace!=1:string name!=2:string',
  Subject: 'kind!=1:string user=2:*UserSubject group=3:*GroupSubject serviceAccount=4:*ServiceAccountSubject',
  UserSubject: 'name!=1:string',
};
