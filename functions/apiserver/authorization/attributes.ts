// What an authorizer is asked about a request, and the answer to one that is refused.

import type { Attributes, Authorizer } from '../../../core/authorization/authorizer.ts';
import { accessSelectors } from '../../../core/authorization/selectors.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { UserInfo } from '../../../core/registry/registry.ts';
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
    ...(!info.verbInPath && accessSelectors(info)),
  };
}

/** The Forbidden status of a request, in Kubernetes' words: clients and tests read them. */
export function forbiddenStatus(attributes: Attributes, reason: string): StatusError {
  const { user, verb, name, namespace } = attributes;
  const why = reason === '' ? '' : `: ${reason}`;
  if (!attributes.isResource)
    return new StatusError(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(attributes.path)}${why}`,
      {},
    );
  const subject = attributes.group === '' ? attributes.resource : `${attributes.resource}.${attributes.group}`;
  const resource =
    attributes.subresource === '' ? attributes.resource : `${attributes.resource}/${attributes.subresource}`;
  const what = name === '' ? subject : `${subject} ${JSON.stringify(name)}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return new StatusError(
    'Forbidden',
    `${what} is forbidden: User ${JSON.stringify(user.username)} cannot ${verb} resource ${JSON.stringify(resource)} ` +
      `in API group ${JSON.stringify(attributes.group)} ${where}${why}`,
    { ...(name && { name }), ...(attributes.group && { group: attributes.group }), kind: attributes.resource },
  );
}

/** Throws Forbidden. The decision stands in `annotations`, where an audit log wants to know it. */
export async function authorize(
  authorizer: Authorizer,
  user: UserInfo,
  info: RequestInfo,
  annotations?: Record<string, string>,
): Promise<void> {
  const attributes = attributesOf(user, info);
  const decision = await authorizer.authorize(attributes);
  if (annotations) {
    annotations['authorization.k8s.io/decision'] = decision.effect === 'allow' ? 'allow' : 'forbid';
    annotations['authorization.k8s.io/reason'] = decision.reason;
  }
  if (decision.effect !== 'allow') throw forbiddenStatus(attributes, decision.reason);
}
