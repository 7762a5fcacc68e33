// Conditions of FlowSchemas and PriorityLevelConfigurations: one of a type.

import { duplicate, type FieldError, required } from '../../machinery/field-error.ts';

export function validateTypes(conditions: readonly { readonly type?: string }[]): FieldError[] {
  const seen = new Set<string>();
  return conditions.flatMap(({ type = '' }, index) => {
    const path = `status.conditions[${index}].type`;
    const errors = seen.has(type) ? [duplicate(path, type)] : [];
    seen.add(type);
    return type ? errors : [...errors, required(path, 'must not be empty')];
  });
}
