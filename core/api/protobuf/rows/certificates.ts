// Field numbers of the messages of certificates.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const certificates: MessageRows = {
  CertificateSigningRequest:
    'metadata=1:meta.ObjectMeta spec!=2:CertificateSigningRequestSpec status=3:CertificateSigningRequestStatus',
  CertificateSigningRequestCondition:
    'type!=1:string reason=2:string message=3:string lastUpdateTime=4:time lastTransitionTime=5:time status!=6:string',
  CertificateSigningRequestSpec:
    'request!=1:bytes username=2:string uid=3:string groups=4:[]string usages=5:[]string extra=6:{}strings signerName!=7:string expirationSeconds=8:*int',
  CertificateSigningRequestStatus: 'conditions=1:[]CertificateSigningRequestCondition certificate=2:bytes',
};
