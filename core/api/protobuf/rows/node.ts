// Field numbers of the messages of node.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const node: MessageRows = {
  Overhead: 'podFixed=1:{}quantity',
  RuntimeClass: 'metadata=1:meta.ObjectMeta handler!=2:string overhead=3:*Overhead scheduling=4:*Scheduling',
  Scheduling: 'nodeSelector=1:{}string tolerations=2:[]core.Toleration',
};
