// What the store says of nodes to whoever checks their credentials: exact, since who was removed is out with the next request.

import { decodeObject } from '../../../core/store/encode-object.ts';
import type { Store } from '../../../core/store/store.ts';
import type { NodeTokenOptions } from '../authentication/node-tokens.ts';
import { nodeKeyField, nodeKeySecret } from './node-keys.ts';

export function storedNodes(store: Store): Pick<NodeTokenOptions, 'uidOf' | 'keyOf'> {
  return {
    async uidOf(node) {
      const item = await store.get('nodes', node);
      return item && decodeObject(item.value).metadata.uid;
    },
    async keyOf(uid) {
      const item = await store.get('secrets', `kube-system/${nodeKeySecret(uid)}`);
      // as: a Secret's data is a map of base64 strings.
      const data = item && (decodeObject(item.value)['data'] as Record<string, string> | undefined);
      const text = data?.[nodeKeyField];
      return text === undefined ? undefined : Buffer.from(text, 'base64');
    },
  };
}
