// Definitions of custom resources: one per served version of a CustomResourceDefinition.

import type { V1CustomResourceDefinition, V1CustomResourceDefinitionVersion } from '../../generated/kubernetes.ts';
import { hasExpressions } from '../machinery/expressions.ts';
import { simplePath } from '../machinery/jsonpath.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Schema } from '../machinery/schema.ts';
import {
  applyDefaults,
  lacksDefaults,
  hasDefaults as schemaHasDefaults,
} from '../machinery/structure/apply-defaults.ts';
import { fieldAt } from '../machinery/structure/field-at.ts';
import { prune } from '../machinery/structure/prune.ts';
import { customColumns } from './custom-columns.ts';
import { structuralSchema } from './custom-schema.ts';
import type { ResourceDefinition, Subresource, Verb } from './definition.ts';

const verbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const readWrite = ['get', 'patch', 'update'];

/** Between versions by a webhook; without one only the name of the version changes. */
export type ConvertCustom = (object: KubeObject, apiVersion: string) => Promise<KubeObject>;

/** `definition` must have passed validation. Give the result to `Definitions.setCustom` under the definition's name. */
export function customDefinitions(
  definition: V1CustomResourceDefinition,
  convert?: ConvertCustom,
): readonly ResourceDefinition[] {
  return definition.spec.versions
    .filter((each) => each.served)
    .map((each) => customDefinition(definition, each, convert));
}

function customDefinition(
  { metadata, spec, status }: V1CustomResourceDefinition,
  version: V1CustomResourceDefinitionVersion,
  webhook: ConvertCustom | undefined,
): ResourceDefinition {
  const { group } = spec;
  // Names that another definition holds are not served.
  const names = status?.acceptedNames?.kind ? status.acceptedNames : spec.names;
  const stored = spec.versions.find((each) => each.storage)?.name ?? version.name;
  const scale = scaleOf(version);
  const warning = deprecationWarning(group, names.kind, version);
  // Made when they are first looked at: a start does not build the schemas of what it may never serve.
  const { preserveUnknownFields = false } = spec;
  const schema = lazy(() => structuralSchema(version.schema?.openAPIV3Schema, { preserveUnknownFields }));
  const to = (apiVersion: string) => (webhook ? convertWith(webhook, apiVersion) : withVersion(apiVersion));
  const toThis = to(`${group}/${version.name}`);
  const revise = lazy(() =>
    reviser(schema(), `${group}/${version.name}`, spec.versions.length > 1 ? toThis : undefined),
  );
  const expressions = lazy(() => hasExpressions(spec.versions));
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
    get schema() {
      return schema();
    },
    columns: customColumns(version.additionalPrinterColumns),
    selectableFields: selectorsOf(version),
    type: `${group}/${names.plural}`,
    storageVersion: stored,
    ...(stored !== version.name && { convert: { toStorage: to(`${group}/${stored}`), fromStorage: toThis } }),
    get revise() {
      return revise();
    },
    ...(metadata.deletionTimestamp && { terminating: true }),
    customResource: metadata.name ?? `${names.plural}.${group}`,
    get expressions() {
      return expressions();
    },
    ...(scale && { scale }),
    ...(warning && { deprecationWarning: warning }),
  };
}

/** Calls `make` with the first call, and gives the same again. */
function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Convert = NonNullable<ResourceDefinition['revise']>;

/** Conversion strategy None: only the name of the version changes. */
function withVersion(apiVersion: string): Convert {
  return (object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion });
}

function convertWith(webhook: ConvertCustom, apiVersion: string): Convert {
  return (object) => (object.apiVersion === apiVersion ? object : webhook(object, apiVersion));
}

/** What stored objects need before this version shows them: conversion from what they were written in, defaults made since. */
function reviser(schema: Schema, apiVersion: string, convert: Convert | undefined): Convert | undefined {
  const defaults = schemaHasDefaults(schema);
  if (!defaults && !convert) return undefined;
  const fill = (object: KubeObject) => {
    if (!defaults || !lacksDefaults(schema, object)) return object;
    const filled = structuredClone(object);
    applyDefaults(schema, filled);
    return filled;
  };
  return (object) => {
    if (!convert || object.apiVersion === apiVersion) return fill(object);
    const converted = convert(object);
    if (!(converted instanceof Promise)) return fill(converted);
    return converted.then((each) => {
      prune(schema, each);
      return fill(each);
    });
  };
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
  const specReplicasPath = simplePath(scale.specReplicasPath);
  const statusReplicasPath = simplePath(scale.statusReplicasPath);
  const labelSelectorPath = scale.labelSelectorPath ? simplePath(scale.labelSelectorPath) : undefined;
  if (!specReplicasPath || !statusReplicasPath) return undefined;
  return { specReplicasPath, statusReplicasPath, ...(labelSelectorPath && { labelSelectorPath }) };
}

function selectorsOf({
  selectableFields = [],
}: V1CustomResourceDefinitionVersion): ResourceDefinition['selectableFields'] {
  return Object.fromEntries(
    selectableFields.flatMap(({ jsonPath }) => {
      const path = simplePath(jsonPath);
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
