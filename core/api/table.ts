// Objects as rows of a meta.k8s.io/v1 Table, or reduced to their metadata: what `kubectl get` and metadata clients ask for.

import { late } from '../machinery/late.ts';
import type { KubeObject, ObjectMeta } from '../machinery/object.ts';
import type { Column, ResourceDefinition } from './definition.ts';

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

const builtIn = late(() => import('./built-in-columns.ts'));

/** Those that the definition brings along, or its type's. Nothing to wait for but once in a process. */
export function columnsOf(definition: ResourceDefinition): readonly Column[] | Promise<readonly Column[]> {
  return definition.columns ?? builtIn(({ builtInColumns }) => builtInColumns(definition));
}

export function toTable(columns: readonly Column[], objects: readonly KubeObject[], options: TableOptions): Table {
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
