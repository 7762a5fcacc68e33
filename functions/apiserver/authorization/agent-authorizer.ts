// The authorizer of nodes' agents.

import type { Authorizer, Decision } from '../../../core/authorization/authorizer.ts';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { installPath } from '../../../core/node/agent-program.ts';
import { returningNodes } from '../../../core/node/joining.ts';
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
      // There is no secret in it, and who asks is nobody yet.
      const installs = path === `/${installPath}` || path.startsWith(`/${installPath}/`);
      if (installs && (verb === 'get' || verb === 'head')) return { effect: 'allow', reason: 'installs an agent' };
      // Which queues it may use is decided where the queue's name is read.
      return node !== undefined && (path === '/queues' || path.startsWith('/queues/'))
        ? { effect: 'allow', reason: 'node agent' }
        : pass;
    }
    if (group !== agentGroup) return pass;
    if (subresource === 'join' && resource === 'nodes' && verb === 'create' && user.groups.includes(bootstrapGroup))
      return { effect: 'allow', reason: 'joins' };
    if (subresource === 'credentials' && resource === 'nodes' && verb === 'create' && isReturning(user, name))
      return { effect: 'allow', reason: 'comes back' };
    if (node !== undefined && resource === 'nodes' && name === node) return { effect: 'allow', reason: 'node agent' };
    return { effect: 'deny', reason: `only the agent of node ${JSON.stringify(name)} may use this path` };
  },
};

/** By its key alone a node may renew its credentials, and do nothing else. */
function isReturning({ username, groups }: UserInfo, node: string): boolean {
  return groups.includes(returningNodes) && username === `system:node:${node}`;
}
