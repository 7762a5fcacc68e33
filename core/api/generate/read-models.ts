// Models of the client package: fields and formats from its attribute maps, required flags and texts from its declarations.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setOwn } from '../../machinery/own.ts';
import type { Operation } from './read-operations.ts';

/**
 * A field's type in one string: a base (`string`, `integer:int32`, `any`, or a model's id), with `[` before it for an
 * array and `{` for a map with string keys.
 */
export type FieldType = string;

export interface Model {
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly required: readonly string[];
  /** By field; the model's own under the empty key. */
  readonly descriptions: Readonly<Record<string, string>>;
}

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

const watchEvent: Model = {
  fields: { type: 'string', object: 'any' },
  required: ['type', 'object'],
  descriptions: {
    '': 'One event of a watch.',
    type: 'Kind of event.',
    object: 'The object, or a Status for an error.',
  },
};

/** Every model of the package, by its name there (`V1Pod`). */
export function readModels(folder: string): Map<string, Model> {
  const models = new Map<string, Model>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.d.ts')) continue;
    const id = file.slice(0, -'.d.ts'.length);
    const attributes = readAttributes(join(folder, `${id}.js`));
    if (!attributes) continue;
    models.set(id, readModel(attributes, readFileSync(join(folder, file), 'utf8')));
  }
  models.set('V1WatchEvent', watchEvent);
  return models;
}

function readAttributes(file: string): Attribute[] | undefined {
  const text = readFileSync(file, 'utf8');
  const start = text.indexOf('.attributeTypeMap = [');
  if (start < 0) return undefined;
  return JSON.parse(text.slice(text.indexOf('[', start), text.indexOf('];', start) + 1));
}

function readModel(attributes: readonly Attribute[], declaration: string): Model {
  const fields: Record<string, FieldType> = {};
  const required: string[] = [];
  const descriptions: Record<string, string> = {};
  const own = /\/\*\*\n\* ((?:(?!\*\/)[\s\S])*)\n\*\/\nexport declare class/.exec(declaration);
  if (own?.[1]) descriptions[''] = plain(own[1]);
  for (const { name, baseName, type, format } of attributes) {
    setOwn(fields, baseName, fieldType(type, format));
    const at = declaration.search(new RegExp(`^    '${name}'\\??:`, 'm'));
    if (at < 0) throw new Error(`the declaration lacks the field ${name}`);
    if (declaration.startsWith(`    '${name}':`, at)) required.push(baseName);
    const comment = declaration.slice(0, at);
    if (comment.endsWith('*/\n')) {
      setOwn(descriptions, baseName, plain(comment.slice(comment.lastIndexOf('/**') + 3, -'*/\n'.length)));
    }
  }
  return { fields, required, descriptions };
}

function plain(comment: string): string {
  return comment
    .replace(/^\s*\*? ?/gm, '')
    .trim()
    .replace(/\\(['"])/g, '$1')
    .replaceAll('*_/', '*/');
}

const maps = /^\{ \[key: string\]: (.*); \}$/;
const arrays = /^Array<(.*)>$/;

function fieldType(type: string, format: string): FieldType {
  const map = maps.exec(type)?.[1];
  if (map) return `{${fieldType(map, format)}`;
  const array = arrays.exec(type)?.[1];
  if (array) return `[${fieldType(array, format)}`;
  switch (type) {
    case 'string':
      return format === 'byte' ? 'string:byte' : 'string';
    case 'Date':
      return 'string:date-time';
    case 'V1MicroTime':
      return 'string:micro-time';
    case 'IntOrString':
      return 'int-or-string';
    case 'number':
      return format === 'int32' || format === 'int64' ? `integer:${format}` : 'number:double';
    default:
      return type;
  }
}

/** The model id within a field type, if it has one. */
export function modelOf(type: FieldType): string | undefined {
  const base = type.replace(/^[[{]+/, '');
  return /^[A-Z]/.test(base) ? base : undefined;
}

/** The models that the operations' bodies and answers reach, in order of name. */
export function reachable(all: ReadonlyMap<string, Model>, operations: readonly Operation[]): Map<string, Model> {
  const found = new Set<string>(['V1WatchEvent']);
  const visit = (id: string): void => {
    if (found.has(id)) return;
    const model = all.get(id);
    if (!model) throw new Error(`the package lacks the model ${id}`);
    found.add(id);
    for (const type of Object.values(model.fields)) {
      const next = modelOf(type);
      if (next) visit(next);
    }
  };
  for (const { body, answer } of operations) {
    if (body) visit(body);
    if (answer && answer !== 'string') visit(answer);
  }
  return new Map([...found].sort().map((id) => [id, all.get(id)!]));
}
