// Printer columns of custom resources, from the JSONPaths of their definition.

import type { V1CustomResourceColumnDefinition } from '../../generated/kubernetes.ts';
import { compileJsonPath, type JsonPath, type Looks, mostLooks, TooManyLooks } from '../machinery/jsonpath.ts';
import type { KubeObject } from '../machinery/object.ts';
import { ageOf } from './age.ts';
import { nameColumn } from './column.ts';
import type { CellWork, Column } from './definition.ts';

const age: V1CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'When the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

export function customColumns(rows: readonly V1CustomResourceColumnDefinition[] | undefined): readonly Column[] {
  return [nameColumn, ...(rows?.length ? rows : [age]).map(customColumn)];
}

const types = ['string', 'integer', 'number', 'boolean', 'date'] as const;

function customColumn(row: V1CustomResourceColumnDefinition): Column {
  const { name, format, description, priority = 0 } = row;
  const type = types.find((each) => each === row.type) ?? 'string';
  const path = compiled(row.jsonPath);
  return {
    name,
    type,
    priority,
    ...(format && { format }),
    ...(description && { description }),
    cell: (object, now, work) => shown(type, path, object, now, work),
  };
}

/** A path that is not understood finds nothing: validation refuses it when the definition is written. */
function compiled(text: string): JsonPath {
  try {
    return compileJsonPath(text);
  } catch {
    return function* () {};
  }
}

/** A cell that would cost too much says so. */
const tooMuch = '<unknown>';

function shown(
  type: Column['type'],
  path: JsonPath,
  object: KubeObject,
  now: Date,
  work: CellWork = { looks: { left: mostLooks }, characters: Number.POSITIVE_INFINITY },
): Cell {
  try {
    const { value } = path(object, work.looks).next();
    demandShort(value, work.looks);
    const cell = cellOf(type, value, now);
    if (typeof cell !== 'string') return cell;
    work.characters -= cell.length;
    return work.characters < 0 ? tooMuch : cell;
  } catch (error) {
    if (error instanceof TooManyLooks) return type === 'string' ? tooMuch : null;
    throw error;
  }
}

/** Walks over all that a cell would show. Throws TooManyLooks. */
function demandShort(value: unknown, looks: Looks): void {
  looks.left -= typeof value === 'string' ? value.length / 64 : 1;
  if (looks.left < 0) throw new TooManyLooks();
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    looks.left -= name.length / 64;
    demandShort(each, looks);
  }
}

type Cell = ReturnType<Column['cell']>;

/** A value that does not have the column's type is not shown. */
function cellOf(type: Column['type'], value: unknown, now: Date): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'bigint' ? value : typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, now).replace('<unknown>', '<invalid>') : null;
    case 'string':
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}
