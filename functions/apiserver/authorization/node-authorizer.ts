// The Node authorizer, whose rules are loaded when the first node asks: what serves people and controllers sees none.

import type { Authorizer, Decision } from '../../../core/authorization/authorizer.ts';
import { late } from '../../../core/machinery/late.ts';
import type { Lookup } from '../authentication/lookup.ts';
import { nodeOf } from '../authentication/users.ts';
import type { NodeFacts } from '../node/node-index.ts';

const pass: Decision = { effect: 'pass', reason: '' };

/** `open`: called when a node asks. `lookup`: for the few types that nodes never receive. */
export function nodeAuthorizer(open: (node: string) => Promise<NodeFacts>, lookup: Lookup): Authorizer {
  const rules = late(async () => {
    const { nodeRules } = await import('./node-rules.ts');
    return { decide: nodeRules(open, lookup) };
  });
  return {
    authorize(attributes) {
      const node = nodeOf(attributes.user);
      return node === undefined || !attributes.isResource ? pass : rules(({ decide }) => decide(node, attributes));
    },
  };
}
