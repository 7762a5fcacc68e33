// Bearer tokens of the issuers that an AuthenticationConfiguration names. To be imported only where there is one.

import { jwtVerify } from 'jose';
import { errorText } from '../../../../core/machinery/error-text.ts';
import { decodeToken } from '../../../../core/signature/json-web-token.ts';
import type { TokenAuthenticator } from '../authenticate.ts';
import { userOfClaims } from './claims.ts';
import type { AuthenticationConfiguration, JwtAuthenticator } from './configuration-types.ts';
import { type GetJson, getJson } from './get-json.ts';
import { issuerKeys } from './issuer-keys.ts';

export interface JwtOptions {
  readonly now: () => Date;
  /** Told why a token of an issuer that is configured is nobody's: its bearer only hears `Unauthorized`. */
  readonly refused: (issuer: string, why: string) => void;
  readonly get?: GetJson;
}

/** Signatures with a secret that both sides know are none here. Source: kube-apiserver's supported signing algorithms. */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
/** By how much an issuer's clock may be ahead of ours. Source: OpenID Connect as kube-apiserver checks it; of the end nothing is given. */
const notBeforeLeewaySeconds = 300;

export function jwtAuthenticators(
  configuration: AuthenticationConfiguration,
  options: JwtOptions,
): TokenAuthenticator[] {
  return (configuration.jwt ?? []).map((each) => jwtAuthenticator(each, options));
}

function jwtAuthenticator(jwt: JwtAuthenticator, { now, refused, get = getJson }: JwtOptions): TokenAuthenticator {
  const { url, audiences } = jwt.issuer;
  const keys = issuerKeys(jwt.issuer, get, () => now().getTime());
  const userOf = userOfClaims(jwt);
  return {
    claims(token) {
      return decodeToken(token)?.payload.iss === url;
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: url,
          audience: [...audiences],
          algorithms,
          requiredClaims: ['exp'],
          clockTolerance: notBeforeLeewaySeconds,
          currentDate: now(),
        });
        if (now().getTime() > (payload.exp ?? 0) * 1000) throw new Error('the token is past its end');
        return userOf(payload);
      } catch (error) {
        refused(url, errorText(error));
        return undefined;
      }
    },
  };
}
