// What an authorizer is asked, and what it answers.

import type { AccessSelectors } from './selectors.ts';
import type { UserInfo } from './user-info.ts';

/** Selectors are those of a list, a watch or a deletion of many. RBAC does not look at them. */
export interface Attributes extends AccessSelectors {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty: not namespaced, or all namespaces. */
  readonly namespace: string;
  /** Empty: no name, or all. */
  readonly name: string;
  /** For what is not a resource. */
  readonly path: string;
}

/** `pass`: no opinion; the next authorizer is asked, and when all pass, the request is forbidden. */
export interface Decision {
  readonly effect: 'allow' | 'deny' | 'pass';
  readonly reason: string;
}

export interface Authorizer {
  /** A promise only where there is something to wait for: every request asks. */
  authorize(attributes: Attributes): Decision | Promise<Decision>;
}

export const mastersGroup = 'system:masters';
