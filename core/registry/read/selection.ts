// The name, label and field selectors of a request as one predicate over replica entries.

import type { ResourceDefinition } from '../../api/definition.ts';
import {
  type FieldSelector,
  fieldSelectorString,
  matchesFields,
  parseFieldSelector,
  requiredFieldValue,
} from '../../machinery/fields.ts';
import { labelSelectorString, matchesLabels, parseLabelSelector } from '../../machinery/labels.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import { badRequest } from '../../machinery/status.ts';
import type { Entry } from '../../replica/replica.ts';
import type { Target } from '../registry.ts';

export interface Selection {
  /** The same for the same selection: watchers share its evaluation. */
  readonly key: string;
  /** Everything matches. */
  readonly all: boolean;
  /** It looks at more of an object than its metadata. */
  readonly fields: boolean;
  /** Only an object of this name can match. */
  readonly name: string | undefined;
  matches(entry: Entry): boolean;
}

const everything: Selection = { key: '', all: true, fields: false, name: undefined, matches: () => true };

/**
 * What a target names is selected by that name, whatever the selectors say. Fails with BadRequest for a selector that cannot be parsed or
 * means another name, or a field that cannot be selected by.
 */
export function select(
  { definition, name }: Pick<Target, 'definition' | 'name'>,
  options: { readonly labelSelector?: string; readonly fieldSelector?: string },
): Selection {
  if (!options.labelSelector && !options.fieldSelector && name === undefined) return everything;
  const labels = parseLabelSelector(options.labelSelector ?? '');
  const asked = parseFieldSelector(options.fieldSelector ?? '');
  checkFields(definition, asked);
  const fields = name === undefined ? asked : ofName(asked, name);
  if (labels.length === 0 && fields.length === 0) return everything;
  return {
    key: `${labelSelectorString(labels)}|${fieldSelectorString(fields)}`,
    all: false,
    fields: fields.some(({ field }) => !field.startsWith('metadata.')),
    name: requiredFieldValue(fields, 'metadata.name'),
    matches(entry) {
      // Entries of a replica hold what the registry stored.
      const object = entry.object as KubeObject;
      if (labels.length > 0 && !matchesLabels(labels, object.metadata.labels)) return false;
      return fields.length === 0 || matchesFields(fields, (field) => readField(definition, object, field));
    },
  };
}

/** Source: Kubernetes' lists and watches of one object: beside its name they take no selector but one that requires it. */
function ofName(asked: FieldSelector, name: string): FieldSelector {
  if (asked.length > 0 && requiredFieldValue(asked, 'metadata.name') !== name)
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  return [...asked, { field: 'metadata.name', operator: '=', value: name }];
}

/** Source: AddFieldLabelConversionFunc of each kind, and what stands for it where a kind has none (DefaultMetaV1FieldSelectorConversion). */
function checkFields(definition: ResourceDefinition, selector: FieldSelector): void {
  for (const { field } of selector) {
    const known = field === 'metadata.name' || (field === 'metadata.namespace' && hasNamespaceField(definition));
    if (known || Object.hasOwn(definition.selectableFields, field)) continue;
    throw badRequest(refusal(definition, field));
  }
}

function hasOwnFields({ selectableFields, customResource }: ResourceDefinition): boolean {
  return customResource !== undefined || Object.keys(selectableFields).length > 0;
}

/** Where a kind has no fields of its own the name is taken of cluster-wide objects too, which have it empty. */
function hasNamespaceField(definition: ResourceDefinition): boolean {
  return definition.namespaced || !hasOwnFields(definition);
}

function refusal(definition: ResourceDefinition, field: string): string {
  const { unselectable = 'field label not supported: %s' } = definition;
  return hasOwnFields(definition)
    ? unselectable.replace(/%[sq]/, (verb) => (verb === '%q' ? JSON.stringify(field) : field))
    : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function readField(definition: ResourceDefinition, object: KubeObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name ?? '';
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return getOwn(definition.selectableFields, field)?.(object) ?? '';
}
