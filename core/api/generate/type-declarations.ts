// TypeScript declarations of the models, in their JSON shapes.

import { getOwn } from '../../machinery/own.ts';
import { goFieldRows } from '../tables/go-fields.ts';
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
export function typeDeclarations(models: ReadonlyMap<string, Model>, version: string): string {
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
    else lines.push(...declaration(id, model), '');
  }
  return lines.join('\n');
}

function declaration(id: string, { fields, required, descriptions }: Model): string[] {
  const stored = 'apiVersion' in fields && 'kind' in fields && fields['metadata'] === 'V1ObjectMeta';
  const lines = comment('', descriptions['']);
  lines.push(`export type ${id} = {`);
  for (const [name, type] of Object.entries(fields)) {
    const needed = required.includes(name) || (stored && name === 'metadata');
    const key = /^\w+$/.test(name) ? name : `'${name}'`;
    lines.push(
      ...comment('  ', getOwn(descriptions, name)),
      `  ${key}${needed ? '' : '?'}: ${typescript(type)}${mayBeNull(id, name) ? ' | null' : ''};`,
    );
  }
  lines.push('};');
  return lines;
}

const nils: ReadonlySet<string> = new Set(
  goFieldRows.split('\n').flatMap((line) => {
    const names = /\bnil=(\S+)/.exec(line)?.[1]?.split(',') ?? [];
    return names.map((name) => `${line.slice(0, line.indexOf(' '))}.${name}`);
  }),
);

/** Kubernetes writes it as null where nobody sets it. */
function mayBeNull(id: string, name: string): boolean {
  return nils.has(`${id}.${name}`);
}

function comment(indent: string, text: string | undefined): string[] {
  return text ? [`${indent}/** ${text.replaceAll('*/', '*\\/').replace(/\s*\n\s*/g, ' ')} */`] : [];
}

function typescript(type: FieldType): string {
  if (type.startsWith('[')) return `Array<${typescript(type.slice(1))}>`;
  if (type.startsWith('{')) return `Record<string, ${typescript(type.slice(1))}>`;
  if (type === 'any') return 'unknown';
  if (type === 'int-or-string') return 'IntOrString';
  if (type === 'integer:int64') return 'Int64';
  const base = type.split(':')[0] ?? type;
  return base === 'integer' ? 'number' : base;
}
