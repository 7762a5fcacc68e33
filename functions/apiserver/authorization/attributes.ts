// What an authorizer is asked, and what it answers.

import { StatusError } from '../../../core/machinery/status.ts';
import type { UserInfo } from '../../../core/registry/registry.ts';
import type { RequestInfo } from '../request-info.ts';

export interface Attributes {
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
  authorize(attributes: Attributes): Promise<Decision>;
}

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

export const mastersGroup = 'system:masters';
