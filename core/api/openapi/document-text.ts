// Large JSON documents from texts that are there: no value of the whole is ever made, and others have a turn after each piece.

import { largeBytes, type Steps } from '../../machinery/steps.ts';
import type { Entry } from './kept-texts.ts';

/** Says after how much work others should have a turn. */
export function pace(): (bytes: number) => boolean {
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < largeBytes) return false;
    since = 0;
    return true;
  };
}

/** `{"a":...}` of entries. */
export function* objectText(entries: Iterable<Entry>): Generator<string, void, void> {
  let before = '{';
  for (const [name, json] of entries) {
    yield `${before}${JSON.stringify(name)}:${json}`;
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

export function* inOneBuffer(texts: Iterable<string>): Steps<Uint8Array> {
  const buffers: Buffer[] = [];
  const isTurn = pace();
  let waiting = '';
  for (const text of texts) {
    waiting += text;
    if (!isTurn(text.length)) continue;
    buffers.push(Buffer.from(waiting));
    waiting = '';
    yield;
  }
  return Buffer.concat([...buffers, Buffer.from(waiting)]);
}
