// What clients' streams may hold of this process: bytes that came and that nobody has taken yet, counted by connection and shared out by
// address, as connections are (connections.ts).

import type { Account } from '../../../core/node/frame-socket.ts';
import { addressKey } from '../../../core/process/address-key.ts';
import { createShares, type Shares } from '../../../core/process/shares.ts';
import type { RoutedRequest } from '../http.ts';

/** Of all streams together; one address may have a quarter of what the others leave free. */
const heldBytes = 256 * 1024 * 1024;
/** What a stream holds while its data flows is nobody's concern. */
const freeBytes = 128 * 1024;
const stepBytes = 64 * 1024;

const shares = createShares(heldBytes);

/** Of one connection. */
export function heldBy({ remoteAddress }: RoutedRequest): Account {
  return createAccount(shares, addressKey(remoteAddress));
}

export function createAccount(from: Shares, holder: string): Account {
  let taken = 0;
  return (bytes) => {
    const wanted = bytes <= freeBytes ? 0 : Math.ceil(bytes / stepBytes) * stepBytes;
    if (wanted > taken && !from.take(holder, wanted - taken)) return false;
    if (wanted < taken) from.release(holder, taken - wanted);
    taken = wanted;
    return true;
  };
}
