// What a trust comes to: an issuer, and expressions over the claims of its tokens.

export interface Trusted {
  /** As it was written: it names the group of those whom it lets in. */
  readonly text: string;
  readonly issuer: string;
  /** Beside the cluster's own; undefined: that alone. */
  readonly audience?: string;
  /** CEL, of type bool: whether a token is of these pipelines. */
  readonly condition: string;
  /** CEL, of type string. */
  readonly username: string;
  /** CEL, of type string: a group of those who share a branch. */
  readonly refGroup?: string;
}

export interface TrustSubject {
  readonly text: string;
  /** Not empty, and without `*` where the provider takes no patterns. */
  readonly subject: string;
  /** Of an installation of its owner's. */
  readonly host: string | undefined;
  readonly withPullRequests: boolean;
}

export interface Provider {
  /** What stands behind its name, for messages. */
  readonly form: string;
  /** Throws TrustError. */
  readonly trust: (subject: TrustSubject) => Trusted;
}

export class TrustError extends Error {
  constructor(text: string, why: string) {
    super(`${JSON.stringify(text)}: ${why}`);
    this.name = 'TrustError';
  }
}

/** A text of CEL. Names are checked before; quotes are nobody's business all the same. */
export function literal(text: string): string {
  return JSON.stringify(text);
}
