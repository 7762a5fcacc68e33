// Objects in the form that a client asked for: as they are, as rows of a Table, or their metadata alone.

import type { ResourceDefinition } from '../../../core/api/definition.ts';
import { columnsOf, type TableMeta, tableSteps, toTable } from '../../../core/api/table.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { badRequest } from '../../../core/machinery/status.ts';
import { runYielding } from '../../../core/machinery/steps.ts';
import type { MediaTypeOptions } from '../content/negotiate.ts';
import type { Query } from '../query.ts';

type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Throws BadRequest for an `includeObject` that is not one of the three. */
function includeObject(query: Query): IncludeObject {
  const value = query.text('includeObject') || 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

export interface Transformer {
  one(object: KubeObject): unknown;
  list(objects: readonly KubeObject[], metadata: TableMeta): Promise<unknown>;
  /** A watch bookmark carries nothing but metadata. */
  bookmark(object: KubeObject): unknown;
}

/** undefined: objects go out as they are. Who asks for anything else waits for what makes it. */
export function transformer(
  mediaType: MediaTypeOptions,
  definition: ResourceDefinition,
  query: Query,
  now: () => Date,
): Promise<Transformer> | undefined {
  return mediaType.transform === undefined ? undefined : transforming(mediaType, definition, query, now);
}

async function transforming(
  mediaType: MediaTypeOptions,
  definition: ResourceDefinition,
  query: Query,
  now: () => Date,
): Promise<Transformer> {
  const apiVersion = `meta.k8s.io/${mediaType.transformVersion ?? 'v1'}`;
  if (mediaType.transform === 'Table') {
    const include = includeObject(query);
    const columns = await columnsOf(definition);
    const table = (objects: readonly KubeObject[], metadata: TableMeta) => ({
      ...toTable(columns, objects, { includeObject: include, metadata, now: now() }),
      apiVersion,
    });
    const list = async (objects: readonly KubeObject[], metadata: TableMeta) => {
      const steps = tableSteps(columns, objects, { includeObject: include, metadata, now: now() });
      return { ...(await runYielding(steps, true)), apiVersion };
    };
    return {
      one: (object) => table([object], resourceVersionOf(object)),
      list,
      // A row-less Table has no place for annotations but its metadata's rows; the end of the initial events goes in a row's object.
      bookmark: (object) => ({
        ...table([], resourceVersionOf(object)),
        rows: object.metadata.annotations ? [{ cells: [], object: { ...object, ...partialType(apiVersion) } }] : [],
      }),
    };
  }
  const partial = ({ metadata }: KubeObject) => ({ ...partialType(apiVersion), metadata });
  return {
    one: partial,
    bookmark: partial,
    list: async (objects, metadata) => ({
      kind: 'PartialObjectMetadataList',
      apiVersion,
      metadata,
      items: objects.map(partial),
    }),
  };
}

function resourceVersionOf({ metadata }: KubeObject): TableMeta {
  return metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion };
}

function partialType(apiVersion: string) {
  return { kind: 'PartialObjectMetadata', apiVersion };
}
