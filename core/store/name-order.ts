// The order of names: by code point, which is the order of their UTF-8 bytes, so that every engine and every replica agree.

/** Negative when `a` sorts before `b`. Differs from `<` only where a surrogate meets a code unit above the surrogates. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** The first string, in this order, that is above every name with this prefix. */
export function prefixEnd(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}

/** Surrogates stand for code points above U+FFFF, so they rank above every other code unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit;
}
