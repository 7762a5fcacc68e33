// The answer to a request that is refused.

import { StatusError } from '../machinery/status.ts';
import type { Attributes } from './authorizer.ts';

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
