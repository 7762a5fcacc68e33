// What the control plane keeps for itself beside resources: who holds a claim, which ports are taken, keys. Nobody reads it through the
// API, and no change of it is anybody's cause to act.

import type { TypeName } from './store.ts';

const prefix = 'zeroplane/';

/** Resources have the names of their groups there, and no group is called so. */
export function ownType(name: string): TypeName {
  return prefix + name;
}

export function isOwnType(type: TypeName): boolean {
  return type.startsWith(prefix);
}
