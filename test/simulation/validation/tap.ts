// Reads the truth off the model's table, as its log's slots are filled.

import { decodeInline } from '../../../core/store/dynamodb/codec.ts';
import { readSlot } from '../../../core/store/dynamodb/items.ts';
import type { ModelItem } from '../model/expressions.ts';
import type { ModelTable } from '../model/table.ts';
import type { Checker } from './checker.ts';
import { textOf } from './checker.ts';

const logPartition = /^log#(.+)#\d+$/;

export function tap(table: ModelTable, checker: Checker): void {
  table.onChange = (before: ModelItem | undefined, after: ModelItem | undefined) => {
    const type = logPartition.exec((after ?? before)?.['p']?.S ?? '')?.[1];
    // What was collected stays true.
    if (type === undefined || !after) return;
    if (before) checker.violation(`slot ${after['s']?.S} of ${type} was written over`);
    const slot = readSlot(after);
    if (slot.kind === 'fence')
      checker.filled(type, { kind: 'fence', revision: slot.revision, name: '', previous: 0, text: '' });
    else {
      const { kind, revision, name, previous, value } = slot;
      checker.filled(type, { kind, revision, name, previous, text: textOf(decodeInline(value, revision)) });
    }
  };
}
