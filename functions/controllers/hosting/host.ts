// The host as the worker of its clusters sees it: its Cluster objects, and what it keeps for itself of each.

import { type AskedCluster, clusterType, readAsked } from '../../../core/hosted/cluster-type.ts';
import { clustersUser } from '../../../core/hosted/ensure-definition.ts';
import { parseJson } from '../../../core/machinery/json.ts';
import { type Client, createClient } from '../../../core/registry/client.ts';
import { serveCustomResources } from '../../../core/registry/custom-resources.ts';
import { openOverRelays } from '../../../core/registry/over-relays.ts';
import { notifyOwnCommits } from '../../../core/store/own-commits.ts';
import { ownType } from '../../../core/store/own-types.ts';
import { createWakeups } from '../../../core/work/wakeups.ts';
import type { WorkersOptions } from '../workers-options.ts';

export interface Host {
  readonly client: Client;
  /** The clusters that there are now. */
  clusters(): Promise<HostedCluster[]>;
  readonly parts: Parts;
  /** Before the process may stand still. */
  end(): Promise<void>;
}

export interface HostedCluster {
  readonly asked: AskedCluster;
  readonly object: unknown;
}

/** A note for each part of the table that was begun: what has one and no Cluster is removed, however its Cluster went. */
export interface Parts {
  all(): Promise<Part[]>;
  find(uid: string): Promise<Part | undefined>;
  /** undefined: there is none of it any more. */
  write(uid: string, note: PartNote | undefined): Promise<void>;
}

export interface PartNote {
  /** When it was first found without a Cluster, and emptied: Unix milliseconds. */
  readonly endedAt?: number;
  /** When its controllers have something to do by themselves: Unix milliseconds. */
  readonly wakeAt?: number;
}

export interface Part extends PartNote {
  readonly uid: string;
}

const partType = ownType('hosted-parts');

export async function openHost({ settings, connected, queue, waking, logger }: WorkersOptions): Promise<Host> {
  const wakeups = createWakeups({
    waking,
    self: 'hosting',
    onError: (err, worker) => logger.warn({ err, worker }, 'a worker could not be woken; the stream will'),
  });
  const store = notifyOwnCommits(connected.store, wakeups.committed);
  const { parts, end } = openOverRelays(store, { ...settings, relays: connected.relays, queue });
  const definitions = await parts.replicas.of('apiextensions.k8s.io/customresourcedefinitions');
  await serveCustomResources({ ...parts, onError: (err) => logger.warn({ err }, 'custom resources') });
  const replica = await parts.replicas.of(clusterType);
  return {
    client: createClient(parts.registry, parts.definitions, clustersUser, 'zeroplane-clusters'),
    async clusters() {
      await Promise.all([replica.catchUp(), definitions.catchUp()]);
      return [...replica.snapshot()].flatMap(({ object }) => {
        const asked = readAsked(object);
        return asked ? [{ asked, object }] : [];
      });
    },
    parts: {
      async all() {
        const { items } = await store.list(partType);
        return items.map(({ name, value }) => ({ uid: name, ...readNote(value) }));
      },
      async find(uid) {
        const item = await store.get(partType, uid);
        return item && { uid, ...readNote(item.value) };
      },
      async write(uid, note) {
        const key = { type: partType, name: uid, expect: 'any' } as const;
        const value = { bytes: Buffer.from(JSON.stringify(note ?? {})) };
        await store.commit([note ? { op: 'put', ...key, value } : { op: 'delete', ...key }]);
      },
    },
    async end() {
      await Promise.all([wakeups.flush(), end()]);
    },
  };
}

function readNote(value: Uint8Array): PartNote {
  // as: written above only.
  return parseJson(Buffer.from(value).toString()) as PartNote;
}
