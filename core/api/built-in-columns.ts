// The printer columns of every built-in type: loaded with the first Table that somebody asks for.

import { columns } from '../../generated/columns.ts';
import { defaultColumns } from './column.ts';
import type { Column, ResourceDefinition } from './definition.ts';
import { typeOf } from './type-of.ts';

export function builtInColumns({ group, resource }: ResourceDefinition): readonly Column[] {
  return columns.get(typeOf(group, resource)) ?? defaultColumns;
}
