// The authorizers in the order in which they are asked, and the paths that need no permission.

import { type Attributes, type Authorizer, type Decision, mastersGroup } from './authorizer.ts';

const allowMasters: Decision = { effect: 'allow', reason: 'member of system:masters' };
const allowPath: Decision = { effect: 'allow', reason: 'open to all' };

// kube-apiserver --authorization-always-allow-paths, and /version, which Kubernetes opens by a default role.
const openPaths = new Set(['/healthz', '/livez', '/readyz', '/version']);

/** The first that does not pass decides. */
export function chain(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      if (attributes.user.groups.includes(mastersGroup)) return allowMasters;
      if (!attributes.isResource && isOpen(attributes)) return allowPath;
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = await authorizer.authorize(attributes);
        if (decision.effect !== 'pass') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      // Who had no opinion may still know what would have been allowed.
      return { effect: 'pass', reason: reasons.join('\n') };
    },
  };
}

function isOpen({ path, verb }: Attributes): boolean {
  return verb === 'get' && openPaths.has(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
}
