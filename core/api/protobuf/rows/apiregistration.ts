// Field numbers of the messages of apiregistration.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const apiregistration: MessageRows = {
  APIService: 'metadata=1:meta.ObjectMeta spec=2:APIServiceSpec status=3:APIServiceStatus',
  APIServiceCondition: 'type!=1:string status!=2:string lastTransitionTime=3:time reason=4:string message=5:string',
  APIServiceSpec:
    'service!=1:*ServiceReference group=2:string version=3:string insecureSkipTLSVerify=4:bool caBundle=5:bytes groupPriorityMinimum!=7:int versionPriority!=8:int',
  APIServiceStatus: 'conditions=1:[]APIServiceCondition',
  ServiceReference: 'namespace=1:string name=2:string port=3:*int',
};
