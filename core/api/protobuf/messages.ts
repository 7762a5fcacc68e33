// Messages read from their rows when they are first needed, and which message a kind is. core/api/published/README.md explains the rows.
// A list kind has no row: it is always `metadata=1:meta.ListMeta items=2:[]Kind`.

import { messageRows } from '../../../generated/message-rows.ts';
import { getOwn } from '../../machinery/own.ts';

export type PlainType =
  | 'string'
  | 'bool'
  | 'int'
  | 'double'
  | 'bytes'
  | 'strings'
  | 'time'
  | 'microtime'
  | 'quantity'
  | 'intstr'
  | 'json'
  | 'schemaOrBool'
  | 'schemaOrArray'
  | 'schemaOrStrings'
  | 'message';

export interface Field {
  readonly number: number;
  /** Name in JSON. Empty: the fields of the message stand in the outer one. */
  readonly name: string;
  /** In JSON even when it is zero. */
  readonly always: boolean;
  /** A pointer in Go: absent and zero are different. */
  readonly optional: boolean;
  readonly cardinality: 'one' | 'list' | 'map';
  readonly type: PlainType;
  /** Key for `messageNamed`, where the type is `message`. */
  readonly message: string;
}

export interface Message {
  /** In order of number. */
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
}

const metaVersion = 'meta.k8s.io/v1';

// Of one type in every group that they are sent to.
const metaKinds = new Set([
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'Status',
  'UpdateOptions',
]);

// Of the group that is served as plain `v1`, but defined with the metadata.
const coreMetaKinds = new Set(['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions', 'List']);

const parsed = new Map<string, Message>();

/** The message of a kind; undefined where it has none, as custom resources, Tables and kinds that nothing serves. */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  const home = metaKinds.has(kind) || (apiVersion === 'v1' && coreMetaKinds.has(kind)) ? metaVersion : apiVersion;
  const key = `${home} ${kind}`;
  return parsed.has(key) || rowOf(home, kind) !== undefined ? messageNamed(key) : undefined;
}

/** The message of a key as `Field.message` has it. Throws for one without a row: the rows name each other. */
export function messageNamed(key: string): Message {
  const known = parsed.get(key);
  if (known) return known;
  const [home = '', name = ''] = key.split(' ');
  const row = rowOf(home, name);
  if (row === undefined) throw new Error(`there is no protobuf message ${name} of ${home}`);
  const fields = row
    .split(' ')
    .filter((each) => each !== '')
    .map((each) => parseField(each, home));
  const message = { fields, byNumber: new Map(fields.map((field) => [field.number, field])) };
  parsed.set(key, message);
  return message;
}

function rowOf(apiVersion: string, name: string): string | undefined {
  const rows = getOwn(messageRows, apiVersion);
  if (!rows) return undefined;
  const row = getOwn(rows, name);
  if (row !== undefined) return row;
  const item = name.endsWith('List') ? name.slice(0, -'List'.length) : '';
  return Object.hasOwn(rows, item) ? `metadata=1:meta.ListMeta items!=2:[]${item}` : undefined;
}

function parseField(text: string, home: string): Field {
  const match = /^([\w$-]*)(!?)=(\d+):(\*?)(\[\]|\{\})?(\S+)$/.exec(text);
  if (!match) throw new Error(`a protobuf row holds ${text}, which is no field`);
  const [, name = '', always, number, optional, cardinality, type = ''] = match;
  // A capital letter marks a message.
  const isMessage = /(^|\.)[A-Z]/.test(type);
  return {
    number: Number(number),
    name,
    always: always === '!',
    optional: optional === '*',
    cardinality: cardinality === '[]' ? 'list' : cardinality === '{}' ? 'map' : 'one',
    // The rows are ours; a type that neither end knows fails the tests of every kind.
    type: isMessage ? 'message' : (type as PlainType),
    message: isMessage ? keyOf(type, home) : '',
  };
}

function keyOf(type: string, home: string): string {
  if (type.startsWith('meta.')) return `${metaVersion} ${type.slice('meta.'.length)}`;
  if (type.startsWith('core.')) return `v1 ${type.slice('core.'.length)}`;
  return `${home} ${type}`;
}
