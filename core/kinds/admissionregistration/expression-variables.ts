// What expressions of admission may name: the kinds that hold them check them with it, and admission evaluates them with it.

import { authorizerType } from '../../machinery/cel-authorizer.ts';

/** What the match conditions of a webhook may name. */
export const webhookConditionVariables = {
  object: 'dyn',
  oldObject: 'dyn',
  request: 'dyn',
  authorizer: authorizerType,
} as const;

/** What the match conditions of a policy may name: they are asked before its variables are worked out. */
export const policyConditionVariables = {
  ...webhookConditionVariables,
  params: 'dyn',
  namespaceObject: 'dyn',
} as const;

/** All that an expression of admission may name. */
export const admissionVariables = { ...policyConditionVariables, variables: 'dyn' } as const;
