// Bodies that are JSON: what a client, a node or a file sends, within limits, and what is said of one that is none. Apart from json.ts, which
// everything that reads a stored object starts with.

import { maxValues, tooDeep, tooManyValues } from './depth.ts';
import { goSyntaxError } from './go-json-error.ts';
import { type Decoded, deepest, endOfString, isDigit, longNumber, parseJson, scan } from './json.ts';
import { fewValues } from './json-commas.ts';
import { jsonValue } from './json-names.ts';
import { badRequest, StatusError } from './status.ts';
import { unreadableText } from './unreadable-text.ts';

/** The value of a JSON body. Fails with BadRequest. */
export function decodeJson(input: Uint8Array | string): unknown {
  return parsed(typeof input === 'string' ? input : textOf(input), parseJson);
}

/**
 * As `decodeJson` within the limits of a request's body, with the paths of duplicate fields and of whole floats. Fails with BadRequest,
 * and RequestEntityTooLarge.
 */
export function decodeJsonStrict(input: Uint8Array | string): Decoded {
  return parsed(fewValues(typeof input === 'string' ? input : textOf(input)), (text) => looked(text, jsonValue(text)));
}

/** As `decodeJsonStrict` where the text is a JSON object; undefined where it is anything else. */
export function decodeJsonObject(input: Uint8Array): Decoded | undefined {
  if (input[0] !== 0x7b) return undefined;
  const text = fewValues(textOf(input));
  let value: unknown;
  try {
    value = jsonValue(text);
  } catch {
    return undefined;
  }
  return parsed(text, () => looked(text, value));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badRequest('the body is no valid UTF-8');
  }
}

/** A longer text is not read once more to say what Go would say of it. */
const explained = 256 * 1024;

function parsed<T>(text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    // SyntaxError, whose message says what and where.
    throw unreadableText('JSON', (text.length <= explained && goSyntaxError(text)) || (error as Error).message);
  }
}

/**
 * A request's body is walked name by name only where there is something to be found: where its text has more names than its value, which
 * has each once, or a number to be mended or reported.
 */
function looked(text: string, value: unknown): Decoded {
  return namesInText(text) === namesInValue(value) ? { value, duplicates: [] } : scan(text, value, true);
}

/** How many fields a text that JSON.parse took has, duplicates among them; undefined where a number may be no plain integer. */
function namesInText(text: string): number | undefined {
  let names = 0;
  let values = 1;
  let depth = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    switch (code) {
      case 0x22:
        at = endOfString(text, at);
        break;
      // Outside of strings there is one behind each name.
      case 0x3a:
        names++;
        break;
      case 0x7b:
      case 0x5b:
        // As `scan` counts them: the closing one comes two behind the opening one in ASCII.
        if (text.charCodeAt(at + 1) !== code + 2) values++;
        if (++depth > deepest) throw tooDeep();
        break;
      case 0x7d:
      case 0x5d:
        depth--;
        break;
      case 0x2c:
        if (++values > maxValues) throw tooManyValues();
        break;
      default: {
        if (!isDigit(code)) break;
        let end = at + 1;
        while (isDigit(text.charCodeAt(end))) end++;
        const next = text.charCodeAt(end);
        if (next === 0x2e || next === 0x65 || next === 0x45 || end - at >= longNumber - 1) return undefined; // . e E
        at = end - 1;
      }
    }
  }
  return names;
}

/** Of what JSON.parse made of a text that is not too deep. */
function namesInValue(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let names = 0;
  if (Array.isArray(value)) for (const each of value) names += namesInValue(each);
  else
    for (const name in value) {
      // as: an object of the value that is being walked. computed name: of its own names.
      names += 1 + namesInValue((value as Record<string, unknown>)[name]);
    }
  return names;
}
