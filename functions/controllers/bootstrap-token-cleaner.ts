// Deletes bootstrap tokens that have expired: Secrets of their type in kube-system (KEP-130).

import { type Action, controllerUser, defineController, type Live, splitKey, watch } from './controller.ts';
import { deleteSeen } from './seen-object.ts';

const type = 'secrets';
const namespace = 'kube-system';

interface Secret {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export const bootstrapTokenCleaner = defineController({
  name: 'bootstrap-token-cleaner',
  user: controllerUser('token-cleaner'),
  watches: [
    watch(type, ({ object }) =>
      object.metadata.namespace === namespace && isToken(object as Live<Secret>)
        ? [`${namespace}/${object.metadata.name}`]
        : [],
    ),
  ],
  owns: [type],
  reconcile(snapshot, key, { now }): Action[] {
    const { name } = splitKey(key);
    // as: what is stored under secrets is one.
    const secret = snapshot.get(type, namespace, name) as Live<Secret> | undefined;
    if (!secret || !isToken(secret) || secret.metadata.deletionTimestamp) return [];
    const encoded = secret.data?.['expiration'];
    if (encoded === undefined) return [];
    const expires = Date.parse(Buffer.from(encoded, 'base64').toString());
    // What cannot be read as a time is not good for ever.
    if (expires > now) return [{ do: 'requeue', afterMs: expires - now }];
    return [deleteSeen(type, secret)];
  },
});

function isToken(secret: Secret): boolean {
  return secret.type === 'bootstrap.kubernetes.io/token';
}
