// What a killed process leaves behind: lines of what it began and was answered.

import type { Write } from '../../../core/store/store.ts';
import { deletePrefix, type SeenEvent, uniqueValue } from '../validation/checker.ts';

export interface SentWrite {
  readonly op: Write['op'];
  readonly name: string;
  readonly expect: Write['expect'];
}

export type Line =
  | { readonly kind: 'sent'; readonly id: string; readonly writes: readonly SentWrite[] }
  | { readonly kind: 'committed'; readonly id: string; readonly answers: readonly { revision: number; text: string }[] }
  | { readonly kind: 'refused'; readonly id: string }
  | {
      readonly kind: 'listed';
      readonly revision: number;
      readonly items: readonly { readonly name: string; readonly revision: number; readonly text: string }[];
    }
  | {
      readonly kind: 'watched';
      readonly after: number;
      readonly events: readonly SeenEvent[];
      readonly through: number;
    };

/** The writes as they were sent. */
export function writesOf(line: Extract<Line, { kind: 'sent' }>): Write[] {
  return line.writes.flatMap(({ op, name, expect }): Write[] => {
    const prefix = op === 'delete' ? deletePrefix : 'w';
    const value = uniqueValue(`${prefix}${line.id}-${name}`);
    if (op === 'delete') return [{ op, type: 'pods', name, expect, value }];
    return op === 'put' ? [{ op, type: 'pods', name, expect, value }] : [];
  });
}
