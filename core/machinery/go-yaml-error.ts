// What Go's reader of YAML says of a text that is none, told from what ours found. Source: libyaml's scanner and parser, as go-yaml has them.

import { isMap, isScalar, isSeq, type LineCounter, type YAMLParseError } from 'yaml';

/** Without the words around it: `yaml: line 3: mapping values are not allowed in this context`. */
export function goYamlError(errors: readonly YAMLParseError[], text: string, lines: LineCounter): string {
  const [first, second] = errors;
  if (!first) return 'yaml: unknown problem parsing YAML content';
  const [start, end] = first.pos;
  const lineOf = (offset: number) => lines.linePos(Math.min(offset, text.length)).line;
  // Its scanner counts lines from 1, its parser from 0; neither tells the line that it has as 0.
  const scanner = (why: string, at = start) => told(lineOf(at) - 1 && lineOf(at), why);
  const parser = (why: string, at = start) => told(lineOf(at) - 1, why);
  const { code, message } = first;
  switch (code) {
    case 'TAB_AS_INDENT':
    case 'BAD_SCALAR_START':
      return scanner('found character that cannot start any token');
    case 'BLOCK_AS_IMPLICIT_KEY':
      return scanner('mapping values are not allowed in this context', colonAfter(text, start));
    case 'MULTILINE_IMPLICIT_KEY':
      if (second?.code === 'UNEXPECTED_TOKEN') return parser('did not find expected key');
      return text.slice(text.lastIndexOf('\n', start - 1) + 1, start).trim() === ''
        ? told(lineOf(start) + 1, "could not find expected ':'")
        : scanner('mapping values are not allowed in this context', end);
    case 'MISSING_CHAR':
      if (message.includes('quote')) return scanner('found unexpected end of stream', text.length);
      return parser(`did not find expected ',' or '${message.includes(']') ? ']' : '}'}'`);
    case 'BAD_INDENT':
      if (message.startsWith('Flow'))
        return parser(`did not find expected ',' or '${message.includes(']') ? ']' : '}'}'`);
      return parser(message.includes('sequence') ? "did not find expected '-' indicator" : 'did not find expected key');
    case 'UNEXPECTED_TOKEN':
      return parser('did not find expected key');
    default:
      return `yaml: ${message.split('\n')[0]}`;
  }
}

function told(line: number, why: string): string {
  return line === 0 ? `yaml: ${why}` : `yaml: line ${line}: ${why}`;
}

/** The colon that follows a key. */
function colonAfter(text: string, from: number): number {
  const found = /:(?=\s|$)/.exec(text.slice(from, from + 4096));
  return found ? from + found.index : from;
}

/** As Go's `%#v` writes what it reads of a node. */
export function goValue(node: unknown): string {
  if (isMap(node)) {
    const pairs = node.items.map(({ key, value }) => `${goValue(key)}:${goValue(value)}`);
    return `map[interface {}]interface {}{${pairs.join(', ')}}`;
  }
  if (isSeq(node)) return `[]interface {}{${node.items.map(goValue).join(', ')}}`;
  const value = isScalar(node) ? node.value : null;
  return value === null || value === undefined ? 'interface {}(nil)' : JSON.stringify(value);
}
