// Deletes bootstrap tokens that have expired: Secrets of their type in kube-system (KEP-130).

import { type Action, controllerUser, defineController, type ObjectOf, splitKey, watch } from './controller.ts';
import { deleteWithPreconditions } from './preconditions.ts';

const type = 'secrets';
const namespace = 'kube-system';

type Secret = ObjectOf<typeof type>;

export const bootstrapTokenCleaner = defineController({
  name: 'bootstrap-token-cleaner',
  user: controllerUser('token-cleaner'),
  watches: [
    watch(type, ({ object }) =>
      object.metadata.namespace === namespace && isToken(object) ? [`${namespace}/${object.metadata.name}`] : [],
    ),
  ],
  owns: [type],
  reconcile(snapshot, key, { now }): Action<typeof type>[] {
    const { name } = splitKey(key);
    const secret = snapshot.get(type, namespace, name);
    if (!secret || !isToken(secret) || secret.metadata.deletionTimestamp) return [];
    const encoded = secret.data?.['expiration'];
    if (encoded === undefined) return [];
    const expires = Date.parse(Buffer.from(encoded, 'base64').toString());
    // What cannot be read as a time is not good for ever.
    if (expires > now) return [{ do: 'requeue', afterMs: expires - now }];
    return [deleteWithPreconditions(type, secret)];
  },
});

function isToken(secret: Secret): boolean {
  return secret.type === 'bootstrap.kubernetes.io/token';
}
