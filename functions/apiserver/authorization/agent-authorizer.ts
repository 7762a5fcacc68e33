// The authorizer of nodes' agents.

import type { Authorizer, Decision } from '../../../core/authorization/authorizer.ts';
import { agentGroup } from '../../../core/node/protocol.ts';
import { nodeOf } from '../authentication/users.ts';

const pass: Decision = { effect: 'pass', reason: '' };

/** Whoever holds a bootstrap token, or an identity that may join. Source: "Authenticating with Bootstrap Tokens". */
const bootstrapGroup = 'system:bootstrappers';

/** A node's agent may use its own node's paths (core/node/protocol.ts), and nobody else's. */
export const agentAuthorizer: Authorizer = {
  authorize({ user, isResource, group, resource, subresource, verb, name, path }) {
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
