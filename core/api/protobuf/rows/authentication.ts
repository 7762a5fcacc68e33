// Field numbers of the messages of authentication.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const authentication: MessageRows = {
  BoundObjectReference: 'kind=1:string apiVersion=2:string name=3:string uid=4:string',
  SelfSubjectReview: 'metadata=1:meta.ObjectMeta status=2:SelfSubjectReviewStatus',
  SelfSubjectReviewStatus: 'userInfo=1:UserInfo',
  TokenRequest: 'metadata=1:meta.ObjectMeta spec!=2:TokenRequestSpec status=3:TokenRequestStatus',
  TokenRequestSpec: 'audiences!=1:[]string boundObjectRef!=3:*BoundObjectReference expirationSeconds!=4:*int',
  TokenRequestStatus: 'token!=1:string expirationTimestamp!=2:time',
  TokenReview: 'metadata=1:meta.ObjectMeta spec!=2:TokenReviewSpec status=3:TokenReviewStatus',
  TokenReviewSpec: 'token=1:string audiences=2:[]string',
  TokenReviewStatus: 'authenticated=1:bool user=2:UserInfo error=3:string audiences=4:[]string',
  UserInfo: 'username=1:string uid=2:string groups=3:[]string extra=4:{}strings',
};
