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

function checkFields(definition: ResourceDefinition, selector: FieldSelector): void {
  for (const { field } of selector) {
    const known = field === 'metadata.name' || (field === 'metadata.namespace' && definition.namespaced);
    if (known || Object.hasOwn(definition.selectableFields, field)) continue;
    throw badRequest(`field label not supported: ${field}`);
  }
}

function readField(definition: ResourceDefinition, object: KubeObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name ?? '';
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return getOwn(definition.selectableFields, field)?.(object) ?? '';
}
