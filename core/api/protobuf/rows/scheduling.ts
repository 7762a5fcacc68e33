// Field numbers of the messages of scheduling.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const scheduling: MessageRows = {
  PriorityClass:
    'metadata=1:meta.ObjectMeta value!=2:int globalDefault=3:bool description=4:string preemptionPolicy=5:*string',
};
