// What is wrong with a custom resource as it is to be stored. Loaded with the first: many processes never write one.

import type { ResourceDefinition } from '../../api/definition.ts';
import { rulesNotChecked, validateRules } from '../../cel/rules/validate-rules.ts';
import { validateEmbedded } from '../../kinds/metadata/embedded.ts';
import type { FieldError } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Schema } from '../../machinery/schema.ts';
import { yieldToEventLoop } from '../../machinery/steps.ts';
import { ratchet } from '../../machinery/structure/ratchet.ts';
import { validateStructure } from '../../machinery/structure/validate-structure.ts';
import type { RequestContext } from '../registry.ts';

/** Structure, now that admission had its say, and rules. */
export async function customErrors(
  context: RequestContext,
  definition: ResourceDefinition,
  object: KubeObject,
  old: KubeObject | undefined,
): Promise<FieldError[]> {
  const { schema } = definition;
  const errors = customStructureErrors(schema, object, old);
  if (context.large) await yieldToEventLoop();
  const notRun = rulesNotChecked(schema, errors);
  return [...errors, ...(notRun.length > 0 ? notRun : validateRules(schema, object, old))];
}

function customStructureErrors(schema: Schema, object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors = validateStructure(schema, object);
  // Of what is malformed it is enough to say so.
  if (errors.length === 0) return validateEmbedded(schema, object);
  return old ? ratchet(errors, schema, object, old) : errors;
}
