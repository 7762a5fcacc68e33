// What an authorizer is asked about a request.

import type { Attributes, Authorizer, Decision } from '../../../core/authorization/authorizer.ts';
import { forbiddenStatus } from '../../../core/authorization/forbidden.ts';
import { accessSelectors } from '../../../core/authorization/selectors.ts';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import type { RequestInfo } from '../request-info.ts';

export function attributesOf(user: UserInfo, info: RequestInfo): Attributes {
  return {
    user,
    verb: info.verb,
    isResource: info.isResource,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
    // Source: Kubernetes does not authorize by the selectors of a path that names its verb.
    ...(!info.verbInPath && hasSelectors(info) && accessSelectors(info)),
  };
}

function hasSelectors({ fieldSelector, labelSelector }: RequestInfo): boolean {
  return fieldSelector !== undefined || labelSelector !== undefined;
}

/** Throws Forbidden, or rejects with it. The decision stands in `annotations`, where an audit log wants to know it. */
export function authorize(
  authorizer: Authorizer,
  user: UserInfo,
  info: RequestInfo,
  annotations?: Record<string, string>,
): Promise<void> | undefined {
  const attributes = attributesOf(user, info);
  const decision = authorizer.authorize(attributes);
  if (decision instanceof Promise) return decision.then((made) => demandAllowed(attributes, made, annotations));
  demandAllowed(attributes, decision, annotations);
  return undefined;
}

function demandAllowed(
  attributes: Attributes,
  decision: Decision,
  annotations: Record<string, string> | undefined,
): void {
  if (annotations) {
    annotations['authorization.k8s.io/decision'] = decision.effect === 'allow' ? 'allow' : 'forbid';
    annotations['authorization.k8s.io/reason'] = decision.reason;
  }
  if (decision.effect !== 'allow') throw forbiddenStatus(attributes, decision.reason);
}
