// Data as YAML text, in steps. The library that reads YAML takes milliseconds to write an object and cannot pause, and whoever asks for
// large objects as YAML would hold up everybody else. The form is what kubectl prints: lists at the indentation of their field, texts of
// several lines as blocks. What is written is read back as it was by readers of YAML 1.1 and 1.2 (yaml-text.test.ts).

import './bigint-json.ts';
import { getOwn } from './own.ts';
import { atOnce, type Steps } from './steps.ts';
import { withoutEnd } from './text-ends.ts';

/** Values that are written in one step. */
const valuesAtOnce = 4000;
/** Deeper values stand in one line, as JSON, which is YAML too: the indentation of every line would grow with the square of the depth. */
const deepestBlock = 50;
/** Longer texts are quoted: nobody reads them by the line. */
const longestBlockText = 16 * 1024;

interface Open {
  readonly value: Readonly<Record<string, unknown>> | readonly unknown[];
  /** Of a map; a list has indexes. */
  readonly names: readonly string[] | undefined;
  readonly indent: string;
  next: number;
  /** What stands before the first entry already: `- ` of the list that the map or list is an item of. */
  isInline: boolean;
}

/** As `yamlPieces`, in one and at once. */
export function encodeYaml(value: unknown): string {
  return atOnce(yamlPieces(value)).join('');
}

/** One document, which ends with a newline. In pieces, one of each step: to join and to encode all of a large text would take long too. */
export function* yamlPieces(value: unknown): Steps<string[]> {
  if (!isBlock(value)) return [`${scalarText(value, '')}\n`];
  const pieces: string[] = [];
  let parts: string[] = [];
  const open: Open[] = [opened(value, '', true)];
  let written = 0;
  for (let inner = open.at(-1); inner; inner = open.at(-1)) {
    if (written++ % valuesAtOnce === valuesAtOnce - 1) {
      pieces.push(parts.join(''));
      parts = [];
      yield;
    }
    const { names, indent } = inner;
    const at = inner.next++;
    if (at >= (names ?? (inner.value as readonly unknown[])).length) {
      open.pop();
      continue;
    }
    // as: a list where there are no names.
    const each = names ? getOwn(inner.value, names[at]!) : (inner.value as readonly unknown[])[at];
    if (names && each === undefined) continue;
    if (!inner.isInline) parts.push(indent);
    inner.isInline = false;
    parts.push(names ? keyText(names[at]!, indent) : '-');
    if (!isBlock(each)) parts.push(' ', scalarText(each, indent), '\n');
    else if (open.length >= deepestBlock) parts.push(' ', JSON.stringify(each), '\n');
    else if (names) {
      parts.push('\n');
      open.push(opened(each, Array.isArray(each) ? indent : `${indent}  `, false));
    } else {
      parts.push(' ');
      open.push(opened(each, `${indent}  `, true));
    }
  }
  yield;
  pieces.push(parts.join(''));
  return pieces;
}

type Block = Readonly<Record<string, unknown>> | readonly unknown[];

/** A map or a list with something in it. */
function isBlock(value: unknown): value is Block {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return false;
  return Array.isArray(value) ? value.length > 0 : Object.values(value).some((each) => each !== undefined);
}

function opened(value: Block, indent: string, isInline: boolean): Open {
  // as: no list, so a map.
  const names = Array.isArray(value) ? undefined : Object.keys(value as Readonly<Record<string, unknown>>);
  return { value, names, indent, next: 0, isInline };
}

/** Beyond so many characters a key that stands before its colon is none (YAML 1.2, 7.4.2). */
const longestKey = 1000;

function keyText(name: string, indent: string): string {
  const text = stringText(name);
  return text.length <= longestKey ? `${text}:` : `? ${text}\n${indent}:`;
}

function scalarText(value: unknown, indent: string): string {
  if (typeof value === 'string') return blockText(value, indent) ?? stringText(value);
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null && !JSON.isRawJSON(value)) return '{}';
  return JSON.stringify(value) ?? 'null';
}

/** YAML 1.1 takes `1e+21` for a text: a float has a point there. */
function numberText(value: number): string {
  const text = JSON.stringify(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

/** Words that begin with a letter and that no reader can take for anything else; a colon ends none. */
const plain = /^[A-Za-z_/](?:[\w./@%+=~-]|:(?=[\w./]))*(?: [\w./](?:[\w./@%+=~-]|:(?=[\w./]))*)*$/;
/** Of YAML 1.1. */
const reserved = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

function stringText(value: string): string {
  if (value.length <= longestBlockText && plain.test(value) && !reserved.test(value)) return value;
  // What JSON leaves as it is and YAML 1.1 takes for the end of a line or for nothing that may be printed.
  return JSON.stringify(value).replace(unprintable, escaped);
}

const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Lines of what may be printed, the first of which says by itself how far the block is indented. */
const lines =
  /^[!-~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd][ -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*(?:\n[\t -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*)+$/;

/** A text of several lines as a literal block, if it can be one. */
function blockText(value: string, indent: string): string | undefined {
  if (value.length > longestBlockText || !value.includes('\n') || !lines.test(value)) return undefined;
  const body = withoutEnd(value, '\n');
  const ends = value.length - body.length;
  const header = ends === 0 ? '|-' : ends === 1 ? '|' : '|+';
  const shown = body.split('\n').map((line) => (line === '' ? '' : `${indent}  ${line}`));
  return `${header}\n${shown.join('\n')}${'\n'.repeat(Math.max(0, ends - 1))}`;
}
