// URLs of expressions. Source: Kubernetes' CEL library "urls".

import { badEscape, type RequestUri, readRequestUri } from '../../machinery/request-uri.ts';
import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { bool, list, map, opaque, string } from '../types/types.ts';
import { PlainList } from '../values/lists.ts';
import { type KeyOf, PlainMap } from '../values/maps.ts';
import { fail, OpaqueValue, TypeValue, type Value } from '../values/values.ts';

const type = opaque('kubernetes.URL');

class Url extends OpaqueValue {
  readonly type = type;
  readonly text: string;
  readonly parts: RequestUri;
  constructor(text: string, parts: RequestUri) {
    super();
    this.text = text;
    this.parts = parts;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof Url && this.text === other.text;
  }
}

export const urls: Library = {
  functions: [
    declared(
      'url',
      global('string_to_url', [string], type, (text: string): Value => {
        const parts = readRequestUri(text);
        const why = `parse ${JSON.stringify(text)}: ${parts}`;
        return typeof parts === 'string'
          ? fail(`URL parse error during conversion from string: ${why}`)
          : new Url(text, parts);
      }),
    ),
    declared(
      'isURL',
      global('is_url_string', [string], bool, (text: string) => typeof readRequestUri(text) !== 'string'),
    ),
    declared(
      'getScheme',
      member('url_get_scheme', [type], string, ({ parts }: Url) => parts.scheme),
    ),
    declared(
      'getHost',
      member('url_get_host', [type], string, ({ parts }: Url) => parts.host),
    ),
    declared(
      'getHostname',
      member('url_get_hostname', [type], string, ({ parts }: Url) => hostname(parts.host)),
    ),
    declared(
      'getPort',
      member('url_get_port', [type], string, ({ parts }: Url) => port(parts.host)),
    ),
    declared(
      'getEscapedPath',
      member('url_get_escaped_path', [type], string, ({ parts }: Url) => escapedPath(parts.path)),
    ),
    declared(
      'getQuery',
      member('url_get_query', [type], map(string, list(string)), ({ parts }: Url) => query(parts.query)),
    ),
  ],
  constants: [typeConstant(type.name, type, new TypeValue(type.name))],
};

function hostname(host: string): string {
  const [, bracketed] = /^\[(.*)\](?::\d*)?$/s.exec(host) ?? [];
  return bracketed ?? host.replace(/:\d*$/, '');
}

function port(host: string): string {
  return /:(\d*)$/.exec(host.startsWith('[') ? host.slice(host.lastIndexOf(']') + 1) : host)?.[1] ?? '';
}

/** As it was written where that is escaped as it may be. */
function escapedPath(path: string): string {
  if (/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]|%[0-9A-Fa-f]{2})*$/.test(path)) return path;
  return Array.from(Buffer.from(unescaped(path, false)), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~$&+,/:;=@]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function unescaped(text: string, plus: boolean): string {
  const spaced = plus ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  const bytes: Buffer[] = [];
  for (const part of spaced.split(/(%[0-9A-Fa-f]{2})/))
    bytes.push(part.startsWith('%') && part.length === 3 ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part));
  return Buffer.concat(bytes).toString();
}

function query(text: string): Value {
  const found = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    // What has a semicolon, or an escape that is none, is left out.
    if (pair === '' || pair.includes(';') || badEscape(pair)) continue;
    const equals = pair.indexOf('=');
    const key = unescaped(equals < 0 ? pair : pair.slice(0, equals), true);
    const value = equals < 0 ? '' : unescaped(pair.slice(equals + 1), true);
    const known = found.get(key);
    if (known) known.push(value);
    else found.set(key, [value]);
  }
  const entries = [...found].map(([key, values]) => [key, [key, new PlainList(values)]] as const);
  return new PlainMap(new Map<KeyOf, readonly [Value, Value]>(entries));
}
