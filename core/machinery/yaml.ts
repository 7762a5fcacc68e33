// YAML bodies and files as Kubernetes reads them: YAML 1.1 scalars (yes, on, 012), turned into JSON values.

import type { Document } from 'yaml';
import { isMap, isNode, isScalar, isSeq, type Node, type ParsedNode, parseAllDocuments, stringify } from 'yaml';
import type { Decoded } from './json.ts';
import { badRequest } from './status.ts';

/** The value of a text with one document. Fails with BadRequest, with the line. */
export function decodeYaml(input: Uint8Array | string): Decoded {
  const documents = decodeYamlDocuments(input);
  if (documents.length > 1) throw badRequest(`the body has ${documents.length} YAML documents: send one at a time`);
  return documents[0] ?? { value: null, duplicates: [] };
}

/** The values of all documents of a text; empty ones are left out. Fails with BadRequest, with the line. */
export function decodeYamlDocuments(input: Uint8Array | string): Decoded[] {
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('utf8');
  const documents = parseAllDocuments(text, {
    version: '1.1',
    // Kubernetes reads no dates, sets, binaries or base-60 numbers (`22:22`): such scalars stay strings.
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || !(foreignTags.has(tag.tag) || tag.format === 'TIME')),
    merge: true,
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: true,
  });
  if (!Array.isArray(documents)) return [];
  return documents.map(decodeDocument).filter((each) => each !== undefined);
}

/** An object as YAML text, readable by every YAML 1.1 or 1.2 reader. */
export function encodeYaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

/** Tags of YAML 1.1 that JSON has no value for. */
const foreignTags = new Set([
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:binary',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
]);

function decodeDocument(document: Document.Parsed<ParsedNode>): Decoded | undefined {
  const [error] = document.errors;
  if (error) throw badRequest(`the body is no valid YAML: ${error.message.split('\n')[0]}`);
  if (document.contents === null) return undefined;
  if (isScalar(document.contents) && document.contents.value === null) return undefined;
  const duplicates = new Set<string>();
  collectDuplicates(document.contents, '', duplicates);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    // The one failure of toJS on a parsed document is the limit on aliases.
    throw badRequest(`the body is no valid YAML: ${(cause as Error).message}`);
  }
  return { value: jsonOf(value), duplicates: [...duplicates] };
}

function collectDuplicates(node: Node, path: string, found: Set<string>): void {
  if (isSeq(node)) {
    node.items.forEach((item, index) => {
      if (isNode(item)) collectDuplicates(item, `${path}[${index}]`, found);
    });
  }
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const at = path ? `${path}.${name}` : name;
    if (seen.has(name) && name !== '<<') found.add(at);
    seen.add(name);
    if (isNode(value)) collectDuplicates(value, at, found);
  }
}

/** Numbers that JSON cannot say become what JSON encoders make of them. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw badRequest(`the body has ${value}, which is no JSON number`);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      const json = jsonOf(each);
      if (json !== each) (value as Record<string, unknown>)[key] = json; // neither null nor an array
    }
  }
  return value ?? null;
}
