// Printer columns of custom resources, from the JSONPaths of their definition.

import type { V1CustomResourceColumnDefinition } from '../../generated/kubernetes.ts';
import { compileJsonPath, type JsonPath } from '../machinery/jsonpath.ts';
import type { KubeObject } from '../machinery/object.ts';
import { ageOf } from './age.ts';
import { nameColumn } from './column.ts';
import type { Column } from './definition.ts';

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
    cell: (object: KubeObject, now: Date) => cellOf(type, path(object)[0], now),
  };
}

/** A path that is not understood finds nothing: validation refuses it when the definition is written. */
function compiled(text: string): JsonPath {
  try {
    return compileJsonPath(text);
  } catch {
    return () => [];
  }
}

/** A value that does not have the column's type is not shown. */
function cellOf(type: Column['type'], value: unknown, now: Date): string | number | bigint | boolean | null {
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
