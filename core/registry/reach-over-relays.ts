// How functions reach endpoints of Services: none of them is in the pods' network, so pods are reached through relays in the store.

import { type PassingConnections, passingConnections } from '../node/pod-connections.ts';
import type { RelayBroker } from '../node/relay-broker.ts';
import { type Reach, reachEndpoints } from './reach.ts';

export interface RelayedReach extends Pick<PassingConnections, 'end'> {
  readonly reach: Reach;
}

export function reachOverRelays(broker: RelayBroker): RelayedReach {
  const { connect, end } = passingConnections(broker);
  return { reach: reachEndpoints({ connectPod: connect }), end };
}
