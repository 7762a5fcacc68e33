// YAML bodies and files as Kubernetes reads them: YAML 1.1 scalars (yes, on, 012), turned into JSON values.

import type { Document } from 'yaml';
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  type ScalarTag,
} from 'yaml';
import { goValue, goYamlError } from './go-yaml-error.ts';
import { type Decoded, integerOf } from './json.ts';
import { setOwn } from './own.ts';
import { badRequest } from './status.ts';
import { unreadableText } from './unreadable-text.ts';

/** The value of a text with one document. Fails with BadRequest, with the line. */
export function decodeYaml(input: Uint8Array | string): Decoded {
  const documents = decodeYamlDocuments(input);
  if (documents.length > 1) throw badRequest(`the body has ${documents.length} YAML documents: send one at a time`);
  return documents[0] ?? { value: null, duplicates: [] };
}

/** The values of all documents of a text; empty ones are left out. Fails with BadRequest, with the line. */
export function decodeYamlDocuments(input: Uint8Array | string): Decoded[] {
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('utf8');
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter,
    version: '1.1',
    // Kubernetes reads no dates, sets, binaries or base-60 numbers (`22:22`): such scalars stay strings.
    customTags: (tags) => [
      octal,
      ...tags.filter((tag) => typeof tag === 'string' || !(foreignTags.has(tag.tag) || tag.format === 'TIME')),
    ],
    merge: true,
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: true,
  });
  if (!Array.isArray(documents)) return [];
  return documents.map((each) => decodeDocument(each, lineCounter, text)).filter((each) => each !== undefined);
}

/** Tags of YAML 1.1 that JSON has no value for. */
const foreignTags = new Set([
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:binary',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
]);

/** `0o17`, which Go reads beside YAML 1.1's own `017`. */
const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => {
    const value = Number(text.replace(/^[-+]|_/g, ''));
    return text.startsWith('-') ? -value : value;
  },
};

function decodeDocument(document: Document.Parsed<ParsedNode>, lines: LineCounter, text: string): Decoded | undefined {
  if (document.errors.length > 0) throw unreadableText('YAML', goYamlError(document.errors, text, lines));
  if (document.contents === null) return undefined;
  if (isScalar(document.contents) && document.contents.value === null) return undefined;
  const duplicates: Duplicate[] = [];
  collectDuplicates(document.contents, '', duplicates);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    // Of aliases: there are too many of them, or one has no anchor.
    const { message } = cause as Error;
    const [, anchor] = /^Unresolved alias .*: (.*)$/.exec(message) ?? [];
    throw unreadableText('YAML', anchor === undefined ? message : `yaml: unknown anchor '${anchor}' referenced`);
  }
  if (duplicates.length === 0) return { value: jsonOf(value), duplicates: [] };
  return {
    value: jsonOf(value),
    duplicates: [...new Set(duplicates.map(({ path }) => path))],
    duplicateLines: duplicates.map(
      ({ name, offset }) => `line ${lines.linePos(offset).line}: key ${JSON.stringify(name)} already set in map`,
    ),
  };
}

interface Duplicate {
  readonly path: string;
  readonly name: string;
  /** Of its value, whose line Go tells. */
  readonly offset: number;
}

/** As many as Kubernetes' decoder reports. */
const maxReportedDuplicates = 100;

function collectDuplicates(node: Node, path: string, found: Duplicate[]): void {
  if (isScalar(node)) {
    if (typeof node.value === 'number' && !Number.isSafeInteger(node.value))
      node.value = exactNumber(node.value, node.source);
    return;
  }
  if (isSeq(node)) {
    node.items.forEach((item, index) => {
      if (isNode(item)) collectDuplicates(item, `${path}[${index}]`, found);
    });
  }
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    // Such as what a template leaves of `{{ .Values.x }}`.
    if (isMap(key) || isSeq(key)) throw unreadableText('YAML', `yaml: invalid map key: ${goValue(key)}`);
    const name = isScalar(key) ? String(key.value) : String(key);
    const at = path ? `${path}.${name}` : name;
    if (found.length < maxReportedDuplicates && seen.has(name) && name !== '<<')
      found.push({ path: at, name, offset: startOf(value) ?? startOf(key) ?? 0 });
    seen.add(name);
    if (isNode(value)) collectDuplicates(value, at, found);
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** What a scalar says that is no safe integer as a float. One that no float can hold stays the text that it is, as in Go. */
function exactNumber(float: number, source = ''): unknown {
  if (Number.isNaN(float)) return float;
  if (!Number.isFinite(float)) return /^[-+]?\.inf$/i.test(source) ? float : source;
  // Longer ones have more than 64 bits, which is a float in Go too.
  if (!Number.isInteger(float) || source.length > maxIntegerText || !wholeNumber.test(source)) return float;
  const digits = source.replace(/^[-+]|_/g, '').replace(/^0(?=\d)/, '0o');
  const value = BigInt(digits);
  return integerOf(source.startsWith('-') ? -value : value);
}

/** With all of 64 digits in base 2, and as many underscores. */
const maxIntegerText = 130;
const wholeNumber = /^[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+|0o?[0-7_]+)$/;

/** Numbers that JSON cannot say become what JSON encoders make of them. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw badRequest(`the body has ${value}, which is no JSON number`);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      const json = jsonOf(each);
      if (json !== each) setOwn(value as Record<string, unknown>, key, json); // neither null nor an array
    }
  }
  return value ?? null;
}
