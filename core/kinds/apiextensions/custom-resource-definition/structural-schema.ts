// What a custom resource's schema must be like: structural, with defaults that it allows, within what Kubernetes serves, with rules that compile.
// Source: "Specifying a structural schema" of CustomResourceDefinitions, KEP-1027, KEP-2876.

import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { structuralSchema } from '../../../api/custom-schema.ts';
import { validateRules } from '../../../cel/rules/validate-rules.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../machinery/field-error.ts';
import { unsafeNameIn } from '../../../machinery/own.ts';
import type { Schema } from '../../../machinery/schema.ts';
import { prune } from '../../../machinery/structure/prune.ts';
import { validateStructure } from '../../../machinery/structure/validate-structure.ts';
import type { CompiledRules } from './compiled-rules.ts';
import { checkKeywords, type Found, type Place } from './openapi-keywords.ts';
import { setKeywords, shownSchema } from './shown.ts';
import { structuralErrors, whyUnstructured } from './structurality.ts';
import { checkTotalCost } from './validation-rules.ts';

/** All errors of a version's schema, which stands at `path`. `status`: whether its status is written by itself. */
export function validateSchema(
  root: V1JSONSchemaProps,
  path: string,
  rules: CompiledRules,
  { status }: { readonly status: boolean } = { status: false },
): FieldError[] {
  const errors = status ? validateRoot(root, path) : [];
  if (root.nullable) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'));
  const unstructured = whyUnstructured(root);
  const wrong = unstructured === undefined ? structuralErrors(root, path) : [];
  if (unstructured === undefined && wrong.length === 0) checkDefaults(root, path, wrong);
  errors.push(...wrong);
  const found: Found = { schema: [], rules: [] };
  const place: Place = {
    uncorrelatable: undefined,
    cardinality: 1,
    rules,
    costs: [],
    compiles: unstructured === undefined && wrong.length === 0,
    insideMetadata: false,
    noDefaults: undefined,
  };
  checkKeywords(root, path, place, true, found);
  errors.push(...found.schema, ...found.rules);
  if (errors.length === 0 && unstructured !== undefined) errors.push(invalidValue(path, '', unstructured));
  return [...errors, ...checkTotalCost(place.costs, path)];
}

const atRoot = [
  ...['Description', 'Type', 'Format', 'Title', 'Maximum', 'ExclusiveMaximum', 'Minimum', 'ExclusiveMinimum'],
  ...['MaxLength', 'MinLength', 'Pattern', 'MaxItems', 'MinItems', 'UniqueItems', 'MultipleOf', 'Required', 'Items'],
  ...['Properties', 'ExternalDocs', 'Example', 'XPreserveUnknownFields', 'XValidations'],
];

/** Nothing at the root may be lost where the status is validated by its own property. */
function validateRoot(root: V1JSONSchemaProps, path: string): FieldError[] {
  const odd = setKeywords(root).find((name) => !atRoot.includes(name) || (name === 'Type' && root.type !== 'object'));
  if (odd === undefined) return [];
  const when = 'if the status subresource is enabled';
  return odd === 'Type'
    ? [
        invalidValue(
          `${path}.type`,
          root.type,
          `only "object" is allowed as the type at the root of the schema ${when}`,
        ),
      ]
    : [
        invalidValue(
          path,
          shownSchema(root),
          `only [${atRoot.join(' ')}] fields are allowed at the root of the schema ${when}`,
        ),
      ];
}

/** A default must be a value that the schema allows and knows all of. */
function checkDefaults(root: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  visitDefaults(structuralSchema(root, { preserveUnknownFields: false }), path, errors);
}

function visitDefaults(schema: Schema, path: string, errors: FieldError[], names: readonly string[] = []): void {
  if (schema.model !== undefined) return;
  if (schema.default !== undefined && schema.default !== null) {
    const out = unsafeNameIn(names);
    if (out)
      errors.push(
        forbiddenField(`${path}.default`, `must not be set at or below a field named ${out}: name the field otherwise`),
      );
    const value = structuredClone(schema.default);
    const unknown = prune(schema, value).length > 0;
    if (unknown) errors.push(invalidValue(`${path}.default`, schema.default, 'must not have unknown fields'));
    const wrong = validateStructure(schema, value, `${path}.default`);
    // Its rules hold for it too: an object that leaves the field out would be refused for what it does not say.
    errors.push(...(wrong.length > 0 || unknown ? wrong : validateRules(schema, value, undefined, `${path}.default`)));
  }
  if (schema.items) visitDefaults(schema.items, `${path}.items`, errors, names);
  for (const [name, each] of Object.entries(schema.properties ?? {}))
    visitDefaults(each, `${path}.properties[${name}]`, errors, [...names, name]);
  if (typeof schema.additionalProperties === 'object')
    visitDefaults(schema.additionalProperties, `${path}.additionalProperties`, errors, names);
}
