// Objects as rows of a meta.k8s.io/v1 Table, or reduced to their metadata: what `kubectl get` and metadata clients ask for.

import { mostLooks } from '../machinery/jsonpath.ts';
import { late } from '../machinery/late.ts';
import type { KubeObject, ObjectMeta } from '../machinery/object.ts';
import { atOnce, type Steps } from '../machinery/steps.ts';
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

/** What the cells of a Table show beyond this is not shown: as many objects, columns and cells as anybody likes make one. */
const mostCharacters = 64 * 1024 * 1024;
/** Rows between two turns of others. */
const rowsOfTurn = 32;

export function toTable(columns: readonly Column[], objects: readonly KubeObject[], options: TableOptions): Table {
  return atOnce(tableSteps(columns, objects, options));
}

export function* tableSteps(
  columns: readonly Column[],
  objects: readonly KubeObject[],
  { includeObject, metadata, now }: TableOptions,
): Steps<Table> {
  const rows: TableRow[] = [];
  const work = { looks: { left: 0 }, characters: mostCharacters };
  for (const object of objects) {
    work.looks.left = mostLooks;
    const cells = columns.map((column) => column.cell(object, now, work));
    if (includeObject === 'None') rows.push({ cells });
    else rows.push({ cells, object: includeObject === 'Object' ? object : toPartialObjectMetadata(object) });
    if (rows.length % rowsOfTurn === 0) yield;
  }
  return {
    kind: 'Table',
    apiVersion: metaVersion,
    metadata,
    columnDefinitions: columns.map(({ name, type, format = '', description = '', priority }) => {
      return { name, type, format, description, priority };
    }),
    rows,
  };
}

function toPartialObjectMetadata({ metadata }: KubeObject): PartialObjectMetadata {
  return { kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata };
}
