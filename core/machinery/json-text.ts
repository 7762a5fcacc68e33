// JSON.stringify in steps, for values that it would hold the thread for: it takes a microsecond for each field of a large map.

import './bigint-json.ts';
import { getOwn } from './own.ts';
import type { Steps } from './steps.ts';

/** Values that are written in one step. */
const valuesAtOnce = 4000;

interface Open {
  readonly value: Readonly<Record<string, unknown>> | readonly unknown[];
  /** Of a map; a list has indexes. */
  readonly names: readonly string[] | undefined;
  next: number;
  /** Fields that are undefined are left out, so the first one that is written need not be the first. */
  isFirst: boolean;
}

/**
 * The text that JSON.stringify gives for a value of data, maps, lists and scalars, with so many spaces a level or in one line. In pieces,
 * one of each step: to join and to encode all of a large text would take long too.
 */
export function* jsonPieces(value: unknown, indent = 0): Steps<string[]> {
  const pieces: string[] = [];
  let parts: string[] = [];
  const lineStart = (depth: number) => (indent === 0 ? '' : `\n${' '.repeat(indent * depth)}`);
  const colon = indent === 0 ? ':' : ': ';
  const open: Open[] = [];
  let written = 0;
  write(value, parts, open);
  for (let inner = open.at(-1); inner; inner = open.at(-1)) {
    if (written++ % valuesAtOnce === valuesAtOnce - 1) {
      pieces.push(parts.join(''));
      parts = [];
      yield;
    }
    const { names } = inner;
    const at = inner.next++;
    if (names ? at >= names.length : at >= (inner.value as readonly unknown[]).length) {
      open.pop();
      if (!inner.isFirst) parts.push(lineStart(open.length));
      parts.push(names ? '}' : ']');
      continue;
    }
    // as: a list where there are no names.
    const each = names ? getOwn(inner.value, names[at]!) : (inner.value as readonly unknown[])[at];
    if (names && each === undefined) continue;
    parts.push(inner.isFirst ? '' : ',', lineStart(open.length));
    inner.isFirst = false;
    if (names) parts.push(JSON.stringify(names[at]), colon);
    write(each, parts, open);
  }
  yield;
  pieces.push(parts.join(''));
  return pieces;
}

/** As `jsonPieces`, in one. */
export function* jsonText(value: unknown, indent = 0): Steps<string> {
  return (yield* jsonPieces(value, indent)).join('');
}

function write(value: unknown, parts: string[], open: Open[]): void {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) {
    parts.push(JSON.stringify(value) ?? 'null');
    return;
  }
  const isList = Array.isArray(value);
  parts.push(isList ? '[' : '{');
  // as: no list, so a map.
  open.push({
    value: value as Readonly<Record<string, unknown>>,
    names: isList ? undefined : Object.keys(value),
    next: 0,
    isFirst: true,
  });
}
