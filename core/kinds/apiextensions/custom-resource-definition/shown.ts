// Parts of a definition as an error shows them: Kubernetes validates its internal types, which have Go's names for all their fields, and
// writes each field. Source: apiextensions' internal types (types.go, types_jsonschema.go), field.Error.

import type {
  V1CustomResourceDefinitionVersion,
  V1JSONSchemaProps,
  V1ValidationRule,
} from '../../../../generated/kubernetes.ts';
import { setOwn } from '../../../machinery/own.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';

export function shownRule(rule: V1ValidationRule): object {
  return {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

/** `hoisted`: what all versions say alike stands above them. */
export function shownVersion(
  version: V1CustomResourceDefinitionVersion,
  hoisted: (part: 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields') => boolean,
): object {
  const { schema, subresources, additionalPrinterColumns: columns, selectableFields: fields } = version;
  const openAPIV3Schema = schema?.openAPIV3Schema;
  const { status, scale } = subresources ?? {};
  return {
    Name: version.name ?? '',
    Served: version.served ?? false,
    Storage: version.storage ?? false,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema:
      schema && !hoisted('schema') ? { OpenAPIV3Schema: openAPIV3Schema ? shownSchema(openAPIV3Schema) : null } : null,
    Subresources:
      subresources && !hoisted('subresources')
        ? {
            Status: status ? {} : null,
            Scale: scale
              ? {
                  SpecReplicasPath: scale.specReplicasPath ?? '',
                  StatusReplicasPath: scale.statusReplicasPath ?? '',
                  LabelSelectorPath: scale.labelSelectorPath ?? null,
                }
              : null,
          }
        : null,
    AdditionalPrinterColumns:
      columns && !hoisted('additionalPrinterColumns')
        ? columns.map((column) => ({
            Name: column.name ?? '',
            Type: column.type ?? '',
            Format: column.format ?? '',
            Description: column.description ?? '',
            Priority: column.priority ?? 0,
            JSONPath: column.jsonPath ?? '',
          }))
        : null,
    SelectableFields:
      fields && !hoisted('selectableFields') ? fields.map(({ jsonPath }) => ({ JSONPath: jsonPath ?? '' })) : null,
  };
}

/** Go's name of each keyword in the order of its type, with what stands where it says nothing. */
const keywords: readonly (readonly [name: string, keyword: keyof V1JSONSchemaProps, empty: '' | false | null])[] = [
  ['ID', 'id', ''],
  ['Schema', '$schema', ''],
  ['Ref', '$ref', null],
  ['Description', 'description', ''],
  ['Type', 'type', ''],
  ['Nullable', 'nullable', false],
  ['Format', 'format', ''],
  ['Title', 'title', ''],
  ['Default', 'default', null],
  ['Maximum', 'maximum', null],
  ['ExclusiveMaximum', 'exclusiveMaximum', false],
  ['Minimum', 'minimum', null],
  ['ExclusiveMinimum', 'exclusiveMinimum', false],
  ['MaxLength', 'maxLength', null],
  ['MinLength', 'minLength', null],
  ['Pattern', 'pattern', ''],
  ['MaxItems', 'maxItems', null],
  ['MinItems', 'minItems', null],
  ['UniqueItems', 'uniqueItems', false],
  ['MultipleOf', 'multipleOf', null],
  ['Enum', 'enum', null],
  ['MaxProperties', 'maxProperties', null],
  ['MinProperties', 'minProperties', null],
  ['Required', 'required', null],
  ['Items', 'items', null],
  ['AllOf', 'allOf', null],
  ['OneOf', 'oneOf', null],
  ['AnyOf', 'anyOf', null],
  ['Not', 'not', null],
  ['Properties', 'properties', null],
  ['AdditionalProperties', 'additionalProperties', null],
  ['PatternProperties', 'patternProperties', null],
  ['Dependencies', 'dependencies', null],
  ['AdditionalItems', 'additionalItems', null],
  ['Definitions', 'definitions', null],
  ['ExternalDocs', 'externalDocs', null],
  ['Example', 'example', null],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', null],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', false],
  ['XIntOrString', 'x-kubernetes-int-or-string', false],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', null],
  ['XListType', 'x-kubernetes-list-type', null],
  ['XMapType', 'x-kubernetes-map-type', null],
  ['XValidations', 'x-kubernetes-validations', null],
];

/** The keywords that a schema sets, by Go's names and in the order of its type. */
export function setKeywords(schema: V1JSONSchemaProps): string[] {
  return keywords.flatMap(([name, keyword, empty]) => {
    const value: unknown = schema[keyword];
    return value === undefined || value === null || value === empty ? [] : [name];
  });
}

export function shownSchema(schema: V1JSONSchemaProps): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, keyword, empty] of keywords) {
    const value: unknown = schema[keyword];
    setOwn(shown, name, value === undefined || value === null ? empty : shownKeyword(name, value));
  }
  return shown;
}

function shownKeyword(name: string, value: unknown): unknown {
  switch (name) {
    case 'Not':
      return isRecord(value) ? shownSchema(value) : value;
    case 'AllOf':
    case 'OneOf':
    case 'AnyOf':
      return Array.isArray(value) ? value.map((each: V1JSONSchemaProps) => shownSchema(each)) : value;
    case 'Items':
      return { Schema: isRecord(value) ? shownSchema(value) : null, JSONSchemas: null };
    case 'AdditionalProperties':
      return { Allows: value !== false, Schema: isRecord(value) ? shownSchema(value) : null };
    case 'Properties':
      return Object.fromEntries(
        Object.entries(value as Record<string, V1JSONSchemaProps>) // of that structure: it was decoded
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([property, each]) => [property, shownSchema(each)]),
      );
    case 'ExternalDocs': {
      const { description = '', url = '' } = value as { description?: string; url?: string };
      return { Description: description, URL: url };
    }
    case 'XValidations':
      return Array.isArray(value) ? value.map((each: V1ValidationRule) => shownRule(each)) : value;
    default:
      return value;
  }
}
