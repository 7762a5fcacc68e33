// How many values a JSON text has at least, before it is parsed: JSON.parse makes three hundred thousand names of a map in a tenth of a second, and they
// would be counted, and refused, only then.

import { maxValues, tooManyValues } from './depth.ts';

/** Whether more commas stand between values than `most`. */
export function hasMoreCommas(text: string, most: number): boolean {
  if (text.length <= most) return false;
  let commas = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x2c && ++commas > most) return true;
  }
  return false;
}

/** The text of a body. Throws RequestEntityTooLarge. */
export function fewValues(text: string): string {
  if (hasMoreCommas(text, maxValues)) throw tooManyValues();
  return text;
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
