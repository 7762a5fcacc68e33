// What this process knows of nodes: everything of all of them, kept from replicas, or what is read of one when it asks. The latter where the
// store reads by groups, unless these are not whole.

import type { Replicas } from '../../../core/replica/replica.ts';
import type { Groups } from '../../../core/store/groups.ts';
import type { Store } from '../../../core/store/store.ts';
import type { EncodedState } from './desired-state.ts';
import type { FollowedTypes } from './followed-types.ts';
import { type LazyNodeIndex, lazyNodeIndex } from './lazy-node-index.ts';
import type { NodeFacts } from './node-index.ts';

export interface NodeStates extends LazyNodeIndex {
  /** Of one node, as of this call or as it is kept. */
  factsOf(node: string): Promise<NodeFacts>;
  /** As of this call. */
  desiredOf(node: string, cursor: string | undefined): Promise<EncodedState>;
}

export interface NodeStatesOptions {
  readonly replicas: Replicas;
  readonly store: Store;
  /** Where the store keeps groups. */
  readonly groups?: Groups;
}

export function createNodeStates({ replicas, store, groups }: NodeStatesOptions): NodeStates {
  const index = lazyNodeIndex(replicas);
  const readOwn = async (node: string) => {
    if (!groups) return undefined;
    const { readOwnNode } = await import('./own-nodes.ts');
    return readOwnNode(groups, node);
  };
  let opening: Promise<FollowedTypes> | undefined;
  const followed = () => {
    opening ??= import('./followed-types.ts')
      .then(({ openFollowedTypes }) => openFollowedTypes(replicas, store))
      .catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
    return opening;
  };

  return {
    ...index,
    async factsOf(node) {
      return (await readOwn(node)) ?? index.open();
    },
    async desiredOf(node, cursor) {
      if (groups) {
        const [own, types, { ownDesiredState }] = await Promise.all([
          readOwn(node),
          followed(),
          import('./own-desired-state.ts'),
        ]);
        if (own) return ownDesiredState(own, types, cursor);
      }
      const [{ desiredState }, nodes] = await Promise.all([import('./desired-state.ts'), index.open()]);
      await nodes.catchUp();
      return desiredState(nodes, node, cursor);
    },
    close() {
      index.close();
      void opening?.then((types) => types.close()).catch(() => undefined);
    },
  };
}
