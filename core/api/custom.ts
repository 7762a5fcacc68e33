// Definitions of custom resources: one per served version of a CustomResourceDefinition.

import type { V1CustomResourceDefinition, V1CustomResourceDefinitionVersion } from '../../generated/kubernetes.ts';
import { simplePath } from '../machinery/jsonpath.ts';
import type { KubeObject } from '../machinery/object.ts';
import { fieldAt } from '../machinery/structure/field-at.ts';
import { customColumns } from './columns/custom.ts';
import { structuralSchema } from './custom-schema.ts';
import type { ResourceDefinition, Subresource, Verb } from './definition.ts';

const verbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const readWrite = ['get', 'patch', 'update'];

/** `definition` must have passed validation. Give the result to `Definitions.setCustom` under the definition's name. */
export function customDefinitions(definition: V1CustomResourceDefinition): readonly ResourceDefinition[] {
  return definition.spec.versions.filter((each) => each.served).map((each) => customDefinition(definition, each));
}

function customDefinition(
  { metadata, spec }: V1CustomResourceDefinition,
  version: V1CustomResourceDefinitionVersion,
): ResourceDefinition {
  const { group, names } = spec;
  const stored = spec.versions.find((each) => each.storage)?.name ?? version.name;
  const scale = scaleOf(version);
  const warning = deprecationWarning(group, names.kind, version);
  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind || `${names.kind}List`,
    resource: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    verbs,
    subresources: subresourcesOf(names.kind, version),
    schema: structuralSchema(version.schema?.openAPIV3Schema, {
      preserveUnknownFields: spec.preserveUnknownFields ?? false,
    }),
    columns: customColumns(version.additionalPrinterColumns),
    selectableFields: selectorsOf(version),
    type: `${group}/${names.plural}`,
    storageVersion: stored,
    ...(stored !== version.name && {
      convert: { toStorage: withVersion(`${group}/${stored}`), fromStorage: withVersion(`${group}/${version.name}`) },
    }),
    customResource: metadata.name ?? `${names.plural}.${group}`,
    ...(scale && { scale }),
    ...(warning && { deprecationWarning: warning }),
  };
}

/** Conversion strategy None: only the name of the version changes. */
function withVersion(apiVersion: string): (object: KubeObject) => KubeObject {
  return (object) => ({ ...object, apiVersion });
}

function subresourcesOf(kind: string, { subresources }: V1CustomResourceDefinitionVersion): readonly Subresource[] {
  return [
    ...(subresources?.scale
      ? [{ name: 'scale', verbs: readWrite, group: 'autoscaling', version: 'v1', kind: 'Scale' }]
      : []),
    ...(subresources?.status ? [{ name: 'status', verbs: readWrite, kind }] : []),
  ];
}

function scaleOf({ subresources }: V1CustomResourceDefinitionVersion): ResourceDefinition['scale'] {
  const scale = subresources?.scale;
  if (!scale) return undefined;
  const specReplicasPath = pathOf(scale.specReplicasPath);
  const statusReplicasPath = pathOf(scale.statusReplicasPath);
  const labelSelectorPath = scale.labelSelectorPath ? pathOf(scale.labelSelectorPath) : undefined;
  if (!specReplicasPath || !statusReplicasPath) return undefined;
  return { specReplicasPath, statusReplicasPath, ...(labelSelectorPath && { labelSelectorPath }) };
}

function selectorsOf({
  selectableFields = [],
}: V1CustomResourceDefinitionVersion): ResourceDefinition['selectableFields'] {
  return Object.fromEntries(
    selectableFields.flatMap(({ jsonPath }) => {
      const path = pathOf(jsonPath);
      if (!path) return [];
      return [[path.join('.'), (object: KubeObject) => String(fieldAt(object, path) ?? '')]];
    }),
  );
}

function deprecationWarning(
  group: string,
  kind: string,
  { name, deprecated, deprecationWarning: own }: V1CustomResourceDefinitionVersion,
): string | undefined {
  return deprecated ? own || `${group}/${name} ${kind} is deprecated` : undefined;
}

/** undefined for what is no path of plain fields: validation refuses it when the definition is written. */
function pathOf(text: string): readonly string[] | undefined {
  try {
    return simplePath(text);
  } catch {
    return undefined;
  }
}
