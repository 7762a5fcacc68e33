// Secrets of type kubernetes.io/service-account-token get a token of the account that they name, and what else it takes to use it. They go
// with their account, and an account forgets those that are gone.
// Source: "Managing Service Accounts", token controller.

import { type SignSecretToken, secretTokenType } from '../../core/signature/secret-token.ts';
import {
  type Action,
  type Controller,
  defineController,
  keyOf,
  type ObjectOf,
  type Snapshot,
  watch,
} from './controller.ts';

type Wanted = Action<typeof type | typeof accounts>;

const type = 'secrets';
const accounts = 'serviceaccounts';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

type Secret = ObjectOf<typeof type>;
type Account = ObjectOf<typeof accounts>;

/** `caBundle`: PEM, what the API server is checked by. */
export function createServiceAccountTokenController(caBundle: string, sign: SignSecretToken): Controller {
  const ca = base64(caBundle);
  return defineController({
    name: 'serviceaccount-token',
    user: 'system:kube-controller-manager',
    watches: [
      watch(type, ({ object, previous }) =>
        [...new Set([object, previous ?? object])].filter(isToken).map((each) => tokenKey(each)),
      ),
      watch(accounts, ({ type: event, object, previous }, snapshot: Snapshot<typeof type | typeof accounts>) =>
        // A new account has no Secrets yet: what names one that is not there is deleted.
        event === 'DELETED' || (previous && previous.metadata.uid !== object.metadata.uid)
          ? snapshot
              .list(type, object.metadata.namespace ?? '')
              .filter((each) => isToken(each) && accountOf(each) === object.metadata.name)
              .map(tokenKey)
          : [],
      ),
    ],
    owns: [type, accounts],
    async reconcile(snapshot, key): Promise<Wanted[]> {
      const { namespace, name, account: accountName } = readKey(key);
      const secret = snapshot.get(type, namespace, name);
      const account = snapshot.get(accounts, namespace, accountName);
      if (!secret) return account ? forget(account, namespace, name) : [];
      if (!isToken(secret) || accountOf(secret) !== accountName || secret.metadata.deletionTimestamp) return [];
      const uid = secret.metadata.annotations?.[uidAnnotation];
      if (!account || (uid && uid !== account.metadata.uid)) return remove(secret, accountName, uid);
      const { data = {} } = secret;
      const isFilled = data['ca.crt'] === ca && data['namespace'] && data['token'];
      // Of an immutable Secret nothing can be filled in.
      if (isFilled || secret.immutable) return [];
      const subject = { namespace, secret: name, account: { name: accountName, uid: account.metadata.uid } };
      const filled = {
        ...data,
        'ca.crt': ca,
        namespace: data['namespace'] || base64(namespace),
        token: data['token'] || base64(await sign(subject)),
      };
      const annotations = { ...secret.metadata.annotations, [uidAnnotation]: account.metadata.uid };
      const object = { ...secret, metadata: { ...secret.metadata, annotations }, data: filled };
      return [{ do: 'update', type, object }];
    },
  });
}

/** The Secret and the account that it names, since of a Secret that is gone nothing else says so. */
function tokenKey(secret: Secret): string {
  return `${keyOf(secret)}/${accountOf(secret)}`;
}

function readKey(key: string): { namespace: string; name: string; account: string } {
  const [namespace = '', name = '', ...account] = key.split('/');
  return { namespace, name, account: account.join('/') };
}

function isToken(secret: Secret): boolean {
  return secret.type === secretTokenType;
}

function accountOf({ metadata }: Secret): string {
  return metadata.annotations?.[nameAnnotation] ?? '';
}

function remove(secret: Secret, account: string, uid: string | undefined): Wanted[] {
  const { namespace = '', name } = secret.metadata;
  return [
    // An account that was made a moment ago may not be in view yet.
    { do: 'expectAbsent', type: accounts, namespace, name: account, ...(uid && { uid }) },
    { do: 'barrier' },
    { do: 'delete', type, namespace, name, options: { preconditions: { uid: secret.metadata.uid } } },
  ];
}

function forget(account: Account, namespace: string, name: string): Wanted[] {
  const left = account.secrets?.filter((each) => each.name !== name) ?? [];
  if (left.length === (account.secrets?.length ?? 0)) return [];
  return [
    { do: 'expectAbsent', type, namespace, name },
    { do: 'barrier' },
    { do: 'update', type: accounts, object: { ...account, secrets: left } },
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
