// Admission of what is asked for with an object that is not stored: connections (exec, attach, port-forward, proxy), reviews, tokens, and
// bindings and evictions, which then change a pod.

import { bodyOf } from '../api/subresource-body.ts';
import { invalid } from '../machinery/field-error.ts';
import type { KubeObject } from '../machinery/object.ts';
import { mutate, validate } from './admission/chain.ts';
import type { Admitted, Attributes, WriteEnvironment } from './admission/plugin.ts';
import type { RequestContext, Target, WriteOptions } from './registry.ts';
import { demandBody } from './write/body.ts';
import { pruneDefaultValidate } from './write/prune-default-validate.ts';

/** `object` is pruned, defaulted and validated, and mutating admission may change it. Fails with the StatusError of who refuses. */
export async function admit(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  operation: 'CREATE' | 'CONNECT',
  object: KubeObject,
  options: WriteOptions = {},
): Promise<Admitted> {
  const { definition, namespace = '', subresource = '' } = target;
  const body = operation === 'CREATE' ? bodyOf(definition, subresource) : undefined;
  if (body) demandBody(body, object);
  const name = target.name ?? object.metadata.name ?? '';
  if (body) {
    const errors = await pruneDefaultValidate(context, body, object, options);
    if (errors.length > 0) throw invalid(body.kind, body.group, name, errors);
  }
  const attributes: Attributes = {
    operation,
    context,
    definition,
    namespace,
    name,
    subresource,
    dryRun: options.dryRun ?? false,
    object,
    old: undefined,
    companions: context.claim ? [context.claim] : [],
  };
  await mutate(env, attributes);
  return await validate(env, attributes);
}
