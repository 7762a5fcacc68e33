// A get as both registries have it: of an object or a subresource, once its type is as new as the client asks for.

import type { ReadEnvironment } from '../kinds/environment.ts';
import { get } from './read/get.ts';
import { reachesVersion } from './read/resource-version.ts';
import type { GetOptions, Outcome, RequestContext, Target } from './registry.ts';
import { getSubresource } from './subresources/get-subresource.ts';

export function readOne(
  env: ReadEnvironment,
  context: RequestContext,
  target: Target,
  { resourceVersion }: GetOptions = {},
): Promise<Outcome> {
  const read = () => (target.subresource ? getSubresource(env, context, target) : get(env, target));
  return resourceVersion ? reachesVersion(env, target.definition.type, resourceVersion).then(read) : read();
}
