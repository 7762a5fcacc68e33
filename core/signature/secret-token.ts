// Tokens that a Secret of type kubernetes.io/service-account-token holds: for no audience and without an end, good as long as the Secret
// holds them. The controller that fills such Secrets signs them, the API server takes them.
// Source: "Managing Service Accounts", long-lived API tokens for ServiceAccounts.

import { type Payload, signToken } from './json-web-token.ts';
import { readSigningKey } from './signing-key.ts';

export const secretTokenType = 'kubernetes.io/service-account-token';
export const secretTokenIssuer = 'kubernetes/serviceaccount';

export interface SecretTokenSubject {
  readonly namespace: string;
  readonly secret: string;
  readonly account: { readonly name: string; readonly uid: string };
}

export type SignSecretToken = (subject: SecretTokenSubject) => Promise<string>;

const prefix = 'kubernetes.io/serviceaccount';

/** `key`: PEM; asked for with every token, since keys are rotated. */
export function secretTokenSigner(key: () => Promise<string>): SignSecretToken {
  return async (subject) => {
    const { id, algorithm, privateKey } = readSigningKey(await key());
    return signToken(payloadOf(subject), id, algorithm, privateKey);
  };
}

function payloadOf({ namespace, secret, account }: SecretTokenSubject): Payload {
  return {
    iss: secretTokenIssuer,
    [`${prefix}/namespace`]: namespace,
    [`${prefix}/secret.name`]: secret,
    [`${prefix}/service-account.name`]: account.name,
    [`${prefix}/service-account.uid`]: account.uid,
    sub: subjectOf(namespace, account.name),
  };
}

/** undefined: it lacks something, or its parts name different accounts. */
export function secretTokenSubject(payload: Payload): SecretTokenSubject | undefined {
  const claim = (name: string) => {
    const value = payload[`${prefix}/${name}`];
    return typeof value === 'string' ? value : '';
  };
  const [namespace, secret] = [claim('namespace'), claim('secret.name')];
  const account = { name: claim('service-account.name'), uid: claim('service-account.uid') };
  if (!namespace || !secret || !account.name || !account.uid) return undefined;
  return payload.sub === subjectOf(namespace, account.name) ? { namespace, secret, account } : undefined;
}

function subjectOf(namespace: string, account: string): string {
  return `system:serviceaccount:${namespace}:${account}`;
}
