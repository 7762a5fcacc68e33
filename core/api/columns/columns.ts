// Printer columns of built-in resources, as `kubectl get` shows them.

import type { Column } from '../definition.ts';

export function columnsOf(_group: string, _resource: string): readonly Column[] {
  return [];
}
