// POSTs to a subresource that the registry answers: a pod's binding and its eviction.

import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import type { Outcome, RequestContext, Target, WriteOptions } from '../registry.ts';
import { demandBody } from '../write/body.ts';
import { bind } from './binding.ts';
import { evict } from './eviction.ts';

export async function createSubresource(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  body: KubeObject,
  options: WriteOptions = {},
): Promise<Outcome> {
  if (target.definition.type === 'pods' && target.subresource === 'binding')
    return await bind(env, context, target, target, body, options);
  if (target.definition.type === 'pods' && target.subresource === 'eviction') {
    // The older version, which its path takes as well, says the same.
    if (body.apiVersion === 'policy/v1beta1' && body.kind === 'Eviction') body.apiVersion = 'policy/v1';
    return await evict(env, context, target, body, options);
  }
  throw new StatusError('MethodNotAllowed', `${target.definition.resource}/${target.subresource} does not take a POST`);
}

/** A Binding POSTed to the collection `bindings`: the older way to the same. */
export async function createBinding(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  body: KubeObject,
  options: WriteOptions = {},
): Promise<Outcome> {
  const pods = env.definitions.ofType('pods');
  demandBody(target.definition, body);
  const name = body.metadata?.name;
  if (!pods || !name) throw badRequest('metadata.name of a Binding is the name of the pod that it binds');
  const { namespace } = target;
  const pod = { definition: pods, name, subresource: 'binding', ...(namespace && { namespace }) };
  return await bind(env, context, target, pod, body, options);
}
