// The rule for a disk's partition; 0 is the whole disk.

import { type FieldError, invalidValue } from '../../../../machinery/field-error.ts';

export function validatePartition(partition: number | undefined, path: string): FieldError[] {
  if (partition === undefined || (partition >= 0 && partition <= 255)) return [];
  return [invalidValue(path, partition, 'must be between 0 and 255, inclusive')];
}
