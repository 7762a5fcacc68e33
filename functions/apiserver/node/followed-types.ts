// The types that all nodes receive, and what is looked up by namespace, as replicas; and the pods that policies name, which are opened when a
// node has such a policy.

import { policyGroups } from '../../../core/node/policy-peers.ts';
import type { Replica, Replicas } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { Store } from '../../../core/store/store.ts';
import { type Followed, type FollowedPeers, type FollowedResource, followedResources } from './own-desired-state.ts';
import { createPeerGroups } from './peer-groups.ts';
import { projectedReplicas } from './projected-pods.ts';

export interface FollowedTypes extends Followed {
  close(): void;
}

const policies = 'networking.k8s.io/networkpolicies';

export async function openFollowedTypes(replicas: Replicas, store: Store): Promise<FollowedTypes> {
  const opened = await Promise.all(followedResources.map(async (name) => [name, await replicas.of(name)] as const));
  const byResource = new Map<FollowedResource, Replica>(opened);
  const replica = <R extends FollowedResource>(resource: R) => {
    // as: it was opened as the replica of this resource.
    const found = byResource.get(resource) as Replica<Stored<R>> | undefined;
    if (!found) throw new Error(`${resource} is not followed`);
    return found;
  };
  const namesPods = (namespace: string) =>
    [...replica(policies).snapshot({ prefix: `${namespace}/` })].some(({ object }) => policyGroups(object).size > 0);
  let opening: Promise<FollowedPeers & { close(): void }> | undefined;

  const openPeers = async () => {
    const projected = projectedReplicas(store);
    const pods = await projected.of('pods');
    const groups = createPeerGroups(pods, replica('namespaces'), replica(policies));
    // It has looked at all of them.
    projected.forgetObjects();
    return {
      groups,
      pods,
      close() {
        groups.close();
        projected.close();
      },
    };
  };

  return {
    replica,
    async peers(namespaces) {
      if (![...namespaces].some(namesPods)) return undefined;
      opening ??= openPeers().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      const peers = await opening;
      await peers.pods.catchUp();
      return peers;
    },
    async catchUp() {
      await Promise.all([...byResource.values()].map((each) => each.catchUp()));
    },
    close() {
      void opening?.then((peers) => peers.close()).catch(() => undefined);
    },
  };
}
