// Admission of what leaves the API for a pod, a node or a Service: exec, attach, port-forward, proxy (operation CONNECT).

import type { KubeObject } from '../machinery/object.ts';
import { mutate, validate } from './admission/chain.ts';
import type { Attributes } from './admission/plugin.ts';
import type { Environment } from './environment.ts';
import type { RequestContext, Target } from './registry.ts';

/** `options` are what the client asks for (PodExecOptions and the like). Fails with the StatusError of who refuses. */
export async function connect(
  env: Environment,
  context: RequestContext,
  target: Target,
  options: KubeObject,
): Promise<void> {
  const attributes: Attributes = {
    operation: 'CONNECT',
    context,
    definition: target.definition,
    namespace: target.namespace ?? '',
    name: target.name ?? '',
    subresource: target.subresource ?? '',
    dryRun: false,
    object: options,
    old: undefined,
    companions: [],
  };
  await mutate(env, attributes);
  await validate(env, attributes);
}
