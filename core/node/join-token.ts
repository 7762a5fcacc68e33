// The text of a join token: a bootstrap token of Kubernetes, when it ends, and the hash of the authority that the cluster's API server is
// known by, so that a machine which knows nothing of the cluster gives the token to nobody else:
//
//   <id>.<secret>[.<expires, seconds since 1970>[.<SHA-256 of the authority's certificate (DER), in hexadecimal>]]

import { createHash, X509Certificate } from 'node:crypto';

export interface JoinToken {
  /** `<id>.<secret>`, as the API server takes it. */
  readonly bearer: string;
  readonly expires?: Date;
  /** Lower-case hexadecimal. Without it the API server is known by the machine's own roots. */
  readonly authority?: string;
}

const pattern = /^([a-z0-9]{6}\.[a-z0-9]{16})(?:\.([0-9]{1,12})(?:\.([0-9a-f]{64}))?)?$/;

/** undefined: it is none. */
export function readJoinToken(text: string): JoinToken | undefined {
  const [, bearer, seconds, authority] = pattern.exec(text) ?? [];
  if (bearer === undefined) return undefined;
  return {
    bearer,
    ...(seconds !== undefined && { expires: new Date(Number(seconds) * 1000) }),
    ...(authority !== undefined && { authority }),
  };
}

export function joinTokenText({ bearer, expires, authority }: JoinToken): string {
  const parts = [bearer];
  if (expires) parts.push(String(Math.floor(expires.getTime() / 1000)));
  if (expires && authority !== undefined) parts.push(authority);
  return parts.join('.');
}

/** Of the first certificate in a PEM. Throws when there is none. */
export function authorityHash(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}
