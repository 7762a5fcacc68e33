// Which fields of a variable an expression reads by their names: `claims.email`, `claims.?email`.

import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from './cel-meter.ts';

export function fieldsRead(node: ASTNode, variable: string, fields = new Set<string>()): ReadonlySet<string> {
  if (node.op === '.' || node.op === '.?') {
    const [of, field] = node.args;
    if (of.op === 'id' && of.args === variable && typeof field === 'string') fields.add(field);
  }
  for (const child of nodesIn(node.args)) fieldsRead(child, variable, fields);
  return fields;
}
