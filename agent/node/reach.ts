// Which other nodes' pods this one does not reach, as it tells the cluster: an Event for each, and the condition NetworkUnavailable when they
// are most. Of few it is silent there: one node that does not answer must not keep pods off all others.

import type { EventReport } from '../../core/node/protocol.ts';
import type { Unreached } from '../network/overlay/plan.ts';

export interface Reach {
  /** Gives what is new in it, for people. */
  update(nodes: readonly Unreached[], others: number): string[];
  /** For the condition; undefined: most are reached. */
  unavailable(): string | undefined;
}

export function createReach(nodeName: string): Reach {
  let unreached: readonly Unreached[] = [];
  let most = false;
  return {
    update(nodes, others) {
      const before = new Set(unreached.map(({ node, why }) => `${node} ${why}`));
      unreached = nodes;
      most = nodes.length * 2 > others;
      return nodes
        .filter(({ node, why }) => !before.has(`${node} ${why}`))
        .map(({ node, why }) => `pods of node ${node} are not reached from node ${nodeName}: ${why}`);
    },
    unavailable() {
      const [first, ...more] = unreached;
      if (!first || !most) return undefined;
      const rest = more.length === 0 ? '' : ` (and those of ${more.length} more nodes)`;
      return `pods of node ${first.node}${rest} are not reached: ${first.why}`;
    },
  };
}

export function nodeEvent(
  name: string,
  uid: string,
  reason: 'PodNetworkUnreachable' | 'PodNetworkLimited',
  message: string,
  now: number,
): EventReport {
  return {
    regarding: { apiVersion: 'v1', kind: 'Node', name, uid },
    type: 'Warning',
    reason,
    message,
    time: new Date(now).toISOString(),
  };
}
