// `openInProcess` in a function: pods, which webhooks may be, are reached through relays, and nothing is kept of what was.

import { createRelayBroker } from '../node/relay-broker.ts';
import type { Queue } from '../queue/queue.ts';
import { replicasOfNow } from '../replica/replicas.ts';
import type { Relays } from '../store/relays.ts';
import type { Store } from '../store/store.ts';
import { type InProcess, type InProcessOptions, openInProcess } from './in-process.ts';
import { type RelayedReach, reachOverRelays } from './reach-over-relays.ts';

export interface OverRelaysOptions extends Omit<InProcessOptions, 'reach'> {
  readonly relays: Relays;
  readonly queue: Queue;
}

export interface OverRelays extends Pick<RelayedReach, 'end'> {
  readonly parts: InProcess;
}

/** `end` before an invocation is over: until then connections to pods are open. */
export function openOverRelays(store: Store, { relays, queue, ...options }: OverRelaysOptions): OverRelays {
  const { reach, end } = reachOverRelays(createRelayBroker({ relays, queue, now: Date.now }));
  return { parts: openInProcess(store, replicasOfNow(store), { ...options, reach }), end };
}
