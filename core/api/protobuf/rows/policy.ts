// Field numbers of the messages of policy/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const policy: MessageRows = {
  Eviction: 'metadata=1:meta.ObjectMeta deleteOptions=2:*meta.DeleteOptions',
  PodDisruptionBudget: 'metadata=1:meta.ObjectMeta spec=2:PodDisruptionBudgetSpec status=3:PodDisruptionBudgetStatus',
  PodDisruptionBudgetSpec:
    'minAvailable=1:*intstr selector=2:*meta.LabelSelector maxUnavailable=3:*intstr unhealthyPodEvictionPolicy=4:*string',
  PodDisruptionBudgetStatus:
    'observedGeneration=1:int disruptedPods=2:{}time disruptionsAllowed!=3:int currentHealthy!=4:int desiredHealthy!=5:int expectedPods!=6:int conditions=7:[]meta.Condition',
};
