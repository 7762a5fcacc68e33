// What the rules of a custom resource's schema may name. Source: KEP-2876.

import { type Environment, withVariables } from '../check/environment.ts';
import { type Declared, declaredType, mostInRequest, structsOf } from '../estimate/declared.ts';
import { optional } from '../types/types.ts';
import { kubernetes } from './environment.ts';

export interface RuleEnvironment {
  readonly declared: Declared;
  /** How many values fit into a request. */
  readonly mostInRequest: number;
  /** `optionalOldSelf`: whether the old value is one that may not be there. */
  environment(optionalOldSelf: boolean): Environment;
}

/** undefined: expressions see nothing of the schema. */
export function ruleEnvironment(...schema: Parameters<typeof declaredType>): RuleEnvironment | undefined {
  const declared = declaredType(...schema);
  if (!declared) return undefined;
  const structs = structsOf(declared);
  const made = new Map<boolean, Environment>();
  return {
    declared,
    mostInRequest: mostInRequest(declared),
    environment(optionalOldSelf) {
      const known = made.get(optionalOldSelf);
      if (known) return known;
      const { type } = declared;
      const variables = [['self', type] as const, ['oldSelf', optionalOldSelf ? optional(type) : type] as const];
      const environment = withVariables(kubernetes, variables, structs);
      made.set(optionalOldSelf, environment);
      return environment;
    },
  };
}
