// Field numbers of the messages of coordination.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const coordination: MessageRows = {
  Lease: 'metadata=1:meta.ObjectMeta spec=2:LeaseSpec',
  LeaseSpec:
    'holderIdentity=1:*string leaseDurationSeconds=2:*int acquireTime=3:*microtime renewTime=4:*microtime leaseTransitions=5:*int strategy=6:*string preferredHolder=7:*string',
};
