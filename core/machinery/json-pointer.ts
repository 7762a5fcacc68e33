// JSON Pointer (RFC 6901): a path into a JSON value, such as `/spec/containers/0`.

import { getOwn } from './own.ts';

/** The tokens of a pointer, unescaped; undefined if the text is no pointer. The empty pointer is the whole value. */
export function parsePointer(text: string): string[] | undefined {
  if (text === '') return [];
  if (text[0] !== '/' || /~(?![01])/.test(text)) return undefined;
  return text.slice(1).split('/').map(unescapeToken);
}

export function formatPointer(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The child of a value that a token names: an own property, or an item. Never something inherited. */
export function childOf(value: unknown, token: string): unknown {
  if (Array.isArray(value)) {
    const index = arrayIndex(token);
    return index === undefined ? undefined : value[index];
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined;
  return getOwn(value, token);
}

/** An index without sign or leading zeros, as RFC 6901 section 4 wants it. */
export function arrayIndex(token: string): number | undefined {
  return /^(?:0|[1-9]\d{0,15})$/.test(token) ? Number(token) : undefined;
}

function unescapeToken(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token;
}
