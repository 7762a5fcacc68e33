// POSTs to a subresource that the registry answers: a pod's binding and its eviction.

import type { KubeObject } from '../../machinery/object.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Environment } from '../environment.ts';
import type { Outcome, RequestContext, Target, WriteOptions } from '../registry.ts';
import { bind } from './binding.ts';
import { evict } from './eviction.ts';

export async function createSubresource(
  env: Environment,
  context: RequestContext,
  target: Target,
  body: KubeObject,
  options: WriteOptions = {},
): Promise<Outcome> {
  if (target.definition.type === 'pods' && target.subresource === 'binding')
    return await bind(env, context, target, body, options);
  if (target.definition.type === 'pods' && target.subresource === 'eviction')
    return await evict(env, context, target, body, options);
  throw new StatusError('MethodNotAllowed', `${target.definition.resource}/${target.subresource} does not take a POST`);
}
