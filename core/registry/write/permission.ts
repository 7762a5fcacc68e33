// Permissions that a write needs beside the one that its request was authorized with, asked for where the write finds out that it needs them.

import { forbiddenStatus } from '../../authorization/forbidden.ts';
import type { Environment } from '../../kinds/environment.ts';
import type { RequestContext, Target } from '../registry.ts';

/** Throws Forbidden where the user may not use `verb` on the target. */
export async function mayUse(env: Environment, context: RequestContext, target: Target, verb: string): Promise<void> {
  const { definition, namespace = '', name = '', subresource = '' } = target;
  const { group, version, resource } = definition;
  const attributes = {
    user: context.user,
    verb,
    isResource: true,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    path: '',
  };
  const authorizer = context.authorizer ?? (await env.rbac()).authorizer;
  const { effect, reason } = await authorizer.authorize(attributes);
  if (effect !== 'allow') throw forbiddenStatus(attributes, reason);
}
