// Objects as rows of a meta.k8s.io/v1 Table, or reduced to their metadata: what `kubectl get` and metadata clients ask for.

import type { KubeObject, ObjectMeta } from '../machinery/object.ts';
import type { ResourceDefinition } from './definition.ts';

export interface TableMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface TableOptions {
  /** What each row carries beside its cells. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly metadata: TableMeta;
  /** Ages are counted up to it. */
  readonly now: Date;
}

export interface TableRow {
  readonly cells: readonly (string | number | bigint | boolean | null)[];
  readonly object?: KubeObject | PartialObjectMetadata;
}

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: TableMeta;
  readonly columnDefinitions: readonly TableColumn[];
  readonly rows: readonly TableRow[];
}

interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata';
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
}

const metaVersion = 'meta.k8s.io/v1';

export function toTable(definition: ResourceDefinition, objects: readonly KubeObject[], options: TableOptions): Table {
  const { columns } = definition;
  const { includeObject, metadata, now } = options;
  return {
    kind: 'Table',
    apiVersion: metaVersion,
    metadata,
    columnDefinitions: columns.map(({ name, type, format = '', description = '', priority }) => {
      return { name, type, format, description, priority };
    }),
    rows: objects.map((object) => {
      const cells = columns.map((column) => column.cell(object, now));
      if (includeObject === 'None') return { cells };
      return { cells, object: includeObject === 'Object' ? object : toPartialObjectMetadata(object) };
    }),
  };
}

function toPartialObjectMetadata({ metadata }: KubeObject): PartialObjectMetadata {
  return { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata };
}
