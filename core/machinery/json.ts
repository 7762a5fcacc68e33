// JSON request bodies. Decoding is JSON.parse; only a strict decode, which must name fields that stand twice, scans the text too.

import { badRequest, StatusError } from './status.ts';

export interface Decoded {
  readonly value: unknown;
  /** Paths of fields that stand more than once, such as `spec.replicas`; the last one counts. */
  readonly duplicates: readonly string[];
}

/** The value of a JSON text. Fails with BadRequest. */
export function decodeJson(input: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof input === 'string' ? input : textOf(input));
  } catch (error) {
    // JSON.parse throws SyntaxError, whose message says what and where.
    throw badRequest(`the body is no valid JSON: ${(error as Error).message}`);
  }
}

/** As `decodeJson`, with the paths of duplicate fields. Fails with BadRequest. */
export function decodeJsonStrict(input: Uint8Array | string): Decoded {
  const text = typeof input === 'string' ? input : textOf(input);
  return { value: decodeJson(text), duplicates: findDuplicates(text) };
}

/** As `decodeJsonStrict` where the text is a JSON object; undefined where it is anything else. */
export function decodeJsonObject(input: Uint8Array): Decoded | undefined {
  if (input[0] !== 0x7b) return undefined;
  try {
    return decodeJsonStrict(input);
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/** Kubernetes' words for a duplicate field, in warnings and in strict failures. */
export function duplicateFieldMessage(path: string): string {
  return `duplicate field "${path}"`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badRequest('the body is no valid UTF-8');
  }
}

interface Level {
  /** Undefined for an array. */
  readonly seen: Set<string> | undefined;
  name: string;
  index: number;
}

/** Walks a text that JSON.parse took, so that nothing but structure needs a look. */
function findDuplicates(text: string): string[] {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  let expectName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at);
        const level = levels.at(-1);
        if (expectName && level?.seen) {
          level.name = stringOf(text.slice(at + 1, end));
          if (level.seen.has(level.name)) duplicates.push(pathOf(levels));
          level.seen.add(level.name);
          expectName = false;
        }
        at = end;
        break;
      }
      case 0x7b:
        levels.push({ seen: new Set(), name: '', index: 0 });
        expectName = true;
        break;
      case 0x5b:
        levels.push({ seen: undefined, name: '', index: 0 });
        expectName = false;
        break;
      case 0x7d:
      case 0x5d:
        levels.pop();
        expectName = false;
        break;
      case 0x2c: {
        const level = levels.at(-1);
        if (level?.seen) expectName = true;
        else if (level) level.index++;
      }
    }
  }
  return [...new Set(duplicates)];
}

/** What a string literal says that stands between quotes in a text that has been parsed. */
function stringOf(inner: string): string {
  return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
}

function pathOf(levels: readonly Level[]): string {
  return levels
    .map(({ seen, name, index }) => (seen ? `.${name}` : `[${index}]`))
    .join('')
    .replace(/^\./, '');
}
