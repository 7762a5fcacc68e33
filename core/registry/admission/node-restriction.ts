// NodeRestriction: whether a node's identity asks. What it may is loaded with the first that does: most writes are not a node's.

import { late } from '../../machinery/late.ts';
import type { AdmissionPlugin } from './plugin.ts';

const userPrefix = 'system:node:';
const rules = late(() => import('./node-restriction-rules.ts'));

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  validate(attributes, env) {
    const { user } = attributes.context;
    if (!user.groups.includes('system:nodes') || !user.username.startsWith(userPrefix)) return undefined;
    const node = user.username.slice(userPrefix.length);
    return rules(({ restrictNode }) => restrictNode(attributes, node, env));
  },
};
