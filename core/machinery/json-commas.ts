// How many values a JSON text has, before it is parsed: JSON.parse makes three hundred thousand names of a map, or a million lists in one
// another, in a tenth of a second and more, and they would be counted, and refused, only then.

import { maxDepth, maxValues, tooDeep, tooManyValues } from './depth.ts';

/** Whether it holds more values beside the outermost than `most`: each stands behind a comma, or first in a map or list. */
export function hasMoreValues(text: string, most: number): boolean {
  if (text.length <= most) return false;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x2c || ((code === 0x7b || code === 0x5b) && !isEmpty(text, at))) {
      values += 1;
      if (values > most) return true;
    }
  }
  return false;
}

/** Of a bracket: whether what comes next closes it. */
function isEmpty(text: string, bracket: number): boolean {
  let at = bracket + 1;
  while (isSpace(text.charCodeAt(at))) at++;
  const code = text.charCodeAt(at);
  return code === 0x7d || code === 0x5d;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The text of a body. Throws BadRequest for one of many brackets in one another, and RequestEntityTooLarge. */
export function fewValues(text: string): string {
  if (hasMoreValues(text, maxValues)) throw beginsTooDeep(text) ? tooDeep() : tooManyValues();
  return text;
}

/** Whether a text that is refused anyway is nested too deep before it is too long: Kubernetes says that first. */
function beginsTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length && depth <= maxDepth; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return depth > maxDepth;
}

/** Of the quote that ends it; of the text's last character where none does. */
function endOfString(text: string, begin: number): number {
  for (let at = text.indexOf('"', begin + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) === 0x5c) before--;
    if ((at - before) % 2 === 1) return at;
  }
  return text.length;
}
