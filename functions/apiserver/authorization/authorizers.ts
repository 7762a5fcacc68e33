// The authorizers in the order in which they are asked, and the paths that need no permission.

import { nodeOf } from '../authentication/users.ts';
import { type Attributes, type Authorizer, type Decision, mastersGroup } from './attributes.ts';

const pass: Decision = { effect: 'pass', reason: '' };
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
      for (const authorizer of authorizers) {
        const decision = await authorizer.authorize(attributes);
        if (decision.effect !== 'pass') return decision;
      }
      return pass;
    },
  };
}

function isOpen({ path, verb }: Attributes): boolean {
  return verb === 'get' && openPaths.has(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
}

/** Whoever holds a bootstrap token, or an identity that may join. Source: "Authenticating with Bootstrap Tokens". */
const bootstrapGroup = 'system:bootstrappers';

export const agentGroup = 'agent.zeroplane.dev';

/** A node's agent may use its own node's paths (core/node/protocol.ts), and nobody else's. */
export const agentAuthorizer: Authorizer = {
  async authorize({ user, isResource, group, resource, subresource, verb, name, path }) {
    const node = nodeOf(user);
    if (!isResource) {
      // Which queues it may use is decided where the queue's name is read.
      return node !== undefined && (path === '/queues' || path.startsWith('/queues/'))
        ? { effect: 'allow', reason: 'node agent' }
        : pass;
    }
    if (group !== agentGroup) return pass;
    if (subresource === 'join' && resource === 'nodes' && verb === 'create' && user.groups.includes(bootstrapGroup))
      return { effect: 'allow', reason: 'joins' };
    if (node !== undefined && resource === 'nodes' && name === node) return { effect: 'allow', reason: 'node agent' };
    return { effect: 'deny', reason: `only the agent of node ${JSON.stringify(name)} may use this path` };
  },
};
