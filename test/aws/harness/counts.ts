// What a cluster of the harness has used so far, in the units by which AWS charges.

import type { AwsCluster, FunctionName } from './cluster.ts';

export interface Counts {
  readonly apiRequests: number;
  readonly invocations: number;
  /** Of invocations that have ended. */
  readonly gigabyteSeconds: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Requests to SQS: a message is sent, received and deleted. */
  readonly messages: number;
}

/** Gigabytes of memory, as infra/functions.ts sets them. */
export const memory: Readonly<Record<FunctionName, number>> = {
  read: 0.5,
  write: 1,
  node: 0.5,
  controllers: 1,
  scheduler: 1,
  notifier: 0.5,
  alarm: 0.125,
};

export function counted({ functions, dynamo, gateway, nodeMessages }: AwsCluster): Counts {
  // as: the names of a record.
  const all = Object.entries(functions) as [FunctionName, AwsCluster['functions'][FunctionName]][];
  const workers = ['controllers', 'scheduler', 'notifier'] as const;
  return {
    apiRequests: gateway.requests,
    invocations: all.reduce((sum, [, { invocations }]) => sum + invocations, 0),
    gigabyteSeconds: all.reduce((sum, [name, { billedMs }]) => sum + (billedMs / 1000) * memory[name], 0),
    readUnits: dynamo.units.read,
    writeUnits: dynamo.units.write,
    messages: 3 * (workers.reduce((sum, name) => sum + functions[name].invocations, 0) + nodeMessages()),
  };
}
