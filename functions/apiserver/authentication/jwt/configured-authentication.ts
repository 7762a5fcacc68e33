// What an AuthenticationConfiguration's text makes of the API server. Imported only where there is one: it brings a JWT library.

import type { Log } from '../../../../core/process/log.ts';
import type { AnonymousAccess, TokenAuthenticator } from '../authenticate.ts';
import { readAuthenticationConfiguration } from './configuration.ts';
import { jwtAuthenticators } from './jwt-authenticators.ts';

export interface ConfiguredAuthenticationOptions {
  /** Of the cluster's service account tokens. */
  readonly ownIssuer: string;
  readonly now: () => Date;
  readonly log: Pick<Log, 'warn'>;
}

export interface ConfiguredAuthentication {
  readonly tokenAuthenticators: readonly TokenAuthenticator[];
  readonly anonymous: AnonymousAccess;
}

/** Throws ConfigFileError. */
export async function configuredAuthentication(
  text: string,
  { ownIssuer, now, log }: ConfiguredAuthenticationOptions,
): Promise<ConfiguredAuthentication> {
  const configuration = await readAuthenticationConfiguration(text, ownIssuer);
  const { enabled = true, conditions } = configuration.anonymous ?? {};
  return {
    tokenAuthenticators: jwtAuthenticators(configuration, {
      now,
      refused: (issuer, why) => log.warn({ issuer, why }, 'a token was refused'),
    }),
    anonymous: { enabled, ...(conditions && { paths: conditions.map(({ path }) => path) }) },
  };
}
