// TypeScript declarations of the models, in their JSON shapes.

import { getOwn } from '../../machinery/own.ts';
import type { ModelRow } from '../model-row.ts';
import type { FieldType, Model } from './read-models.ts';

/** Models that core/machinery/object.ts declares: one type each, not two that look alike. */
const shared: Readonly<Record<string, string>> = {
  V1ObjectMeta: 'ObjectMeta',
  V1OwnerReference: 'OwnerReference',
  V1ManagedFieldsEntry: 'ManagedFieldsEntry',
};

/**
 * Types rather than interfaces, so that a `V1Pod` is also a `KubeObject` (which has an index signature). A stored object
 * always has its metadata, so the field is required there.
 */
export function typeDeclarations(
  models: ReadonlyMap<string, Model>,
  rows: Readonly<Record<string, ModelRow>>,
  version: string,
): string {
  const lines = [
    `// Types of Kubernetes' built-in models, from @kubernetes/client-node ${version}. Made by \`npm run generate\`; do not edit.`,
    "import type { Int64, ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../core/machinery/object.ts';",
    '',
    'export type IntOrString = number | string;',
    '/** A decimal number with a unit, such as `100m` or `1Gi`. */',
    'export type Quantity = string;',
    '',
  ];
  for (const [id, model] of models) {
    const alias = getOwn(shared, id);
    if (alias) lines.push(`export type ${id} = ${alias};`, '');
    else lines.push(...declaration(id, model, getOwn(rows, id)?.go?.nil ?? []), '');
  }
  return lines.join('\n');
}

/** `nils`: what Kubernetes writes as null where nobody sets it. */
function declaration(id: string, { fields, required, descriptions }: Model, nils: readonly string[]): string[] {
  const stored = 'apiVersion' in fields && 'kind' in fields && fields['metadata'] === 'V1ObjectMeta';
  const lines = comment('', descriptions['']);
  lines.push(`export type ${id} = {`);
  for (const [name, type] of Object.entries(fields)) {
    const needed = required.includes(name) || (stored && name === 'metadata');
    const key = /^\w+$/.test(name) ? name : `'${name}'`;
    lines.push(
      ...comment('  ', getOwn(descriptions, name)),
      `  ${key}${needed ? '' : '?'}: ${typescript(type)}${nils.includes(name) ? ' | null' : ''};`,
    );
  }
  lines.push('};');
  return lines;
}

function comment(indent: string, text: string | undefined): string[] {
  return text ? [`${indent}/** ${text.replaceAll('*/', '*\\/').replace(/\s*\n\s*/g, ' ')} */`] : [];
}

function typescript(type: FieldType): string {
  if (type.startsWith('[')) return `Array<${typescript(type.slice(1))}>`;
  if (type.startsWith('{')) return `Record<string, ${typescript(type.slice(1))}>`;
  if (type === 'any') return 'unknown';
  if (type === 'empty') return 'Record<string, never>';
  if (type === 'int-or-string') return 'IntOrString';
  if (type === 'integer:int64') return 'Int64';
  const base = type.split(':')[0] ?? type;
  return base === 'integer' ? 'number' : base;
}
