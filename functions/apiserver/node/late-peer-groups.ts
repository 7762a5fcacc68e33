// Peer groups where few clusters have any: what they take is loaded with the first NetworkPolicy. Until then there is nothing to say.

import type { Replica } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { PeerGroups } from './peer-groups.ts';

export interface LatePeerGroups extends PeerGroups {
  /** Resolves when what the policies that there are take is loaded. Rejects where it could not be. */
  loaded(): Promise<void>;
}

export function latePeerGroups(
  pods: Replica<Stored<'pods'>>,
  namespaces: Replica<Stored<'namespaces'>>,
  policies: Replica<Stored<'networking.k8s.io/networkpolicies'>>,
): LatePeerGroups {
  const listeners: ((namespaces: ReadonlySet<string>) => void)[] = [];
  let groups: PeerGroups | undefined;
  let loading: Promise<void> | undefined;
  let closed = false;
  const any = () => [...policies.snapshot()].length > 0;
  const load = async () => {
    const { createPeerGroups } = await import('./peer-groups.ts');
    if (closed) return;
    groups = createPeerGroups(pods, namespaces, policies);
    for (const listener of listeners) groups.onChange(listener);
    // What changed meanwhile was told to nobody.
    const asking = new Set([...policies.snapshot()].map(({ object }) => object.metadata.namespace ?? ''));
    for (const listener of listeners) listener(asking);
  };
  const loaded = (): Promise<void> => {
    if (groups || !any()) return Promise.resolve();
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };
  const unsubscribe = policies.onEvent(() => {
    // Who waits for it hears of a failure.
    loaded().catch(() => undefined);
  });
  return {
    loaded,
    needsOf: (asked) => groups?.needsOf(asked) ?? { key: '', groups: new Map() },
    peers: (node, needs) => groups?.peers(node, needs) ?? [],
    view: (node, pod, needs) => groups?.view(node, pod, needs),
    onChange(listener) {
      listeners.push(listener);
      groups?.onChange(listener);
    },
    close() {
      closed = true;
      unsubscribe();
      groups?.close();
    },
  };
}
