// What nodes say of each other so that their pods reach each other across subnets and NAT: annotations and a label of the Node.

/** The node's WireGuard key, the public one, in base64: the node sets it, and no two nodes have one. */
export const wireGuardKey = 'zeroplane.dev/wireguard-key';

/** The address from which the API server sees the node's requests. The API server sets it, and no node. */
export const seenFrom = 'zeroplane.dev/seen-from';

/** "true": nodes that do not reach each other go through this one. Under a prefix that nodes cannot set themselves. */
export const hubLabel = 'network.node-restriction.kubernetes.io/hub';

/** Where every node takes WireGuard's datagrams. */
export const wireGuardPort = 51820;

/** 32 bytes in base64, in its one form. */
export function isWireGuardKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text);
}
