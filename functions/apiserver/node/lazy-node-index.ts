// The node index where few requests need it: a function that answers kubectl reads nothing of what nodes receive. To open it is to
// read a dozen types, and each of them is looked at again with every request after.

import type { Replicas } from '../../../core/replica/replica.ts';
import type { NodeIndex } from './node-index.ts';

export interface LazyNodeIndex {
  /** Opened with the first call; one that failed is tried again with the next. */
  open(): Promise<NodeIndex>;
  close(): void;
}

export function lazyNodeIndex(replicas: Replicas): LazyNodeIndex {
  let opening: Promise<NodeIndex> | undefined;
  return {
    open() {
      opening ??= create(replicas).catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    close() {
      void opening?.then((index) => index.close()).catch(() => undefined);
    },
  };
}

async function create(replicas: Replicas): Promise<NodeIndex> {
  const [{ createNodeIndex }, { createPeerGroups }] = await Promise.all([
    import('./node-index.ts'),
    import('./peer-groups.ts'),
  ]);
  return createNodeIndex(replicas, createPeerGroups);
}
