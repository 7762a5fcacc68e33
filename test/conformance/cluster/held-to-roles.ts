// A registry that lets the control plane write only what RBAC allows its users: their roles are Kubernetes' own, and here they are what
// an authorizer makes of the stored objects (D30).

import { openRbac } from '../../../core/authorization/rbac.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import { checkedWrites } from '../../../core/registry/writing-only.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import { unbounded, verbsFor } from '../../../functions/controllers/testing/roles.ts';

/** `onRefusal` is told of what was wanted, which fails as it would through HTTP. */
export async function heldToRoles(
  registry: Registry,
  replicas: Replicas,
  onRefusal: (what: string) => void,
): Promise<Registry> {
  const { authorizer } = await openRbac(replicas);
  return checkedWrites(
    registry,
    async (verb, { user }, { definition, namespace = '', name = '', subresource = '' }) => {
      if (user.username === unbounded) return;
      const { group, version, resource } = definition;
      const asked = { user, isResource: true, group, version, resource, subresource, namespace, name, path: '' };
      for (const each of verbsFor(verb))
        if ((await authorizer.authorize({ ...asked, verb: each })).effect === 'allow') return;
      const what = `${user.username} may not ${verb} ${[resource, subresource].filter(Boolean).join('/')} "${name}" in ${group || 'core'}`;
      onRefusal(what);
      throw new Error(what);
    },
  );
}
