// What a cluster of the harness has used so far, in the units by which AWS charges.

import { functionNames, functionRows, ofFunctions } from '../../../infra/function-rows.ts';
import type { AwsCluster } from './cluster.ts';

export interface Counts {
  readonly apiRequests: number;
  readonly invocations: number;
  /** Of invocations that have ended. */
  readonly gigabyteSeconds: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Requests to SQS for nodes: a message is sent, received and deleted. */
  readonly messages: number;
  /** On the channel, from clients and to them. */
  readonly socketMessages: number;
}

/** Gigabytes of memory. */
export const memory = ofFunctions((name) => functionRows[name].memoryMegabytes / 1024);

export function counted({ functions, dynamo, gateway, channel, nodeMessages }: AwsCluster): Counts {
  const all = functionNames.map((name) => ({ name, used: functions[name] }));
  return {
    apiRequests: gateway.requests,
    invocations: all.reduce((sum, { used }) => sum + used.invocations, 0),
    gigabyteSeconds: all.reduce((sum, { name, used }) => sum + (used.billedMs / 1000) * memory[name], 0),
    readUnits: dynamo.units.read,
    writeUnits: dynamo.units.write,
    messages: 3 * nodeMessages(),
    socketMessages: channel?.messages ?? 0,
  };
}
