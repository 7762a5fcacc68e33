// Who sends a request: a client certificate, a bearer token, or nobody in particular.

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { ApiRequest, PeerCertificate } from '../http.ts';
import { bearerToken } from './bearer-token.ts';
import { bootstrapFault, bootstrapUser, isBootstrapToken, sameSecret } from './bootstrap-tokens.ts';
import type { Lookup } from './lookup.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import { anonymous, authenticated } from './users.ts';

export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

/** A kind of bearer token beside Kubernetes' own. */
export interface TokenAuthenticator {
  /** Whether a token is of this kind. Says nothing about whether it is good. */
  claims(token: string): boolean;
  /** undefined: not good now. */
  verify(token: string): Promise<UserInfo | undefined>;
}

/** Which requests without credentials are let through as system:anonymous (authorization then decides). */
export interface AnonymousAccess {
  readonly enabled: boolean;
  /** Of these paths only; without it, of all. */
  readonly paths?: readonly string[];
}

export interface AuthenticationSources {
  readonly serviceAccounts: ServiceAccountTokens;
  readonly staticTokens: readonly StaticToken[];
  readonly others?: readonly TokenAuthenticator[];
  readonly anonymous: AnonymousAccess;
  readonly lookup: Lookup;
  readonly now: () => Date;
}

export interface TokenIdentity {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

export interface Authenticator {
  /** A promise only where there is something to wait for. Throws Unauthorized, or rejects with it. */
  authenticate(request: ApiRequest): UserInfo | Promise<UserInfo>;
  /** Who a bearer token stands for, and which of `audiences` it is for; undefined when it is good for nobody, or for none of them. */
  identify(token: string, audiences?: readonly string[]): Promise<TokenIdentity | undefined>;
}

export function createAuthenticator(sources: AuthenticationSources): Authenticator {
  const { serviceAccounts, staticTokens, lookup, now, others = [] } = sources;
  const { enabled, paths } = sources.anonymous;
  const known = staticTokens.map((each) => ({ token: Buffer.from(each.token), user: authenticated(each.user) }));

  const staticUser = (token: string): UserInfo | undefined => {
    if (known.length === 0) return undefined;
    const bytes = Buffer.from(token);
    return known.find((each) => sameSecret(each.token, bytes))?.user;
  };

  const identify: Authenticator['identify'] = async (token, audiences) => {
    const wanted = audiences?.length ? audiences : serviceAccounts.audiences;
    // Tokens that name no audience of a cluster are for its API server, and for nobody else.
    const forUs = (user: UserInfo | undefined): TokenIdentity | undefined => {
      const ours = wanted.filter((each) => serviceAccounts.audiences.includes(each));
      return user && ours.length > 0 ? { user: authenticated(user), audiences: ours } : undefined;
    };
    const user = staticUser(token);
    if (user) return forUs(user);
    if (isBootstrapToken(token)) {
      const user = await bootstrapUser(token, lookup, now());
      return user && forUs(user);
    }
    for (const other of others) if (other.claims(token)) return forUs(await other.verify(token));
    if (serviceAccounts.claims(token)) return serviceAccounts.verify(token, wanted);
    return undefined;
  };

  const identified = async (token: string): Promise<UserInfo> => {
    const identity = await identify(token);
    if (identity) return identity.user;
    if (isBootstrapToken(token)) throw new StatusError('Unauthorized', await bootstrapFault(token, lookup, now()));
    throw unauthorized();
  };

  return {
    identify,
    authenticate(request) {
      const { peer } = request;
      if (peer?.user && isGood(peer, now().getTime())) return peer.user;
      const token = bearerToken(request);
      if (token !== undefined) return staticUser(token) ?? identified(token);
      // A certificate that we did not sign is a claim that failed, not the absence of one.
      if (peer || !enabled || (paths && !paths.includes(request.path))) throw unauthorized();
      return anonymous;
    },
  };
}

/** TLS looked when the connection began, which may be long ago. */
function isGood({ notBefore, notAfter }: PeerCertificate, at: number): boolean {
  return notBefore <= at && at <= notAfter;
}

function unauthorized(): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized');
}
