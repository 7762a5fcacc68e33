// What answers a review, and what it answers with.

import type { Definitions } from '../../../core/api/definition.ts';
import type { Authorizer } from '../../../core/authorization/authorizer.ts';
import type { RbacIndex } from '../../../core/authorization/rbac-index.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import type { Registry, Target } from '../../../core/registry/registry.ts';
import type { Authenticator } from '../authentication/authenticate.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import type { Exchange } from '../resources/exchange.ts';

export interface ReviewParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: RbacIndex;
  readonly tokens: ServiceAccountTokens;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly now: () => Date;
}

/** The answered form of the object that was sent. Throws StatusError. */
export type Review = (
  parts: ReviewParts,
  exchange: Exchange,
  object: KubeObject,
  target: Target,
) => Promise<KubeObject>;
