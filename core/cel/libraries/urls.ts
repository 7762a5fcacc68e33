// URLs as Go's net/url reads them: nothing is made canonical, so that each part is what was written. Source: Kubernetes' CEL library
// "urls"; RFC 3986; Go's url.ParseRequestURI, which takes absolute URLs and absolute paths.

import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { bool, list, map, opaque, string } from '../types/types.ts';
import { PlainList } from '../values/lists.ts';
import { type KeyOf, PlainMap } from '../values/maps.ts';
import { fail, OpaqueValue, TypeValue, type Value } from '../values/values.ts';

const type = opaque('kubernetes.URL');

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

class Url extends OpaqueValue {
  readonly type = type;
  readonly text: string;
  readonly parts: Parts;
  constructor(text: string, parts: Parts) {
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
        const parts = parse(text);
        const why = `parse ${JSON.stringify(text)}: ${parts}`;
        return typeof parts === 'string'
          ? fail(`URL parse error during conversion from string: ${why}`)
          : new Url(text, parts);
      }),
    ),
    declared(
      'isURL',
      global('is_url_string', [string], bool, (text: string) => typeof parse(text) !== 'string'),
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

/** Of a text that is an absolute URL or path; a text says what is wrong with it. */
export function urlProblem(text: string): string | undefined {
  const parts = parse(text);
  return typeof parts === 'string' ? `parse ${JSON.stringify(text)}: ${parts}` : undefined;
}

function parse(text: string): Parts | string {
  if (text === '') return 'empty url';
  if (hasControl(text)) return 'net/url: invalid control character in URL';
  if (text === '*') return { scheme: '', host: '', path: '*', query: '' };
  const [, scheme = '', afterScheme = text] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === '' && /^[^/?#]*:/.test(text))
    return text.startsWith(':') ? 'missing protocol scheme' : 'first path segment in URL cannot contain colon';
  if (!afterScheme.startsWith('/')) return 'invalid URI for request';
  const [beforeFragment = ''] = afterScheme.split('#', 1);
  const mark = beforeFragment.indexOf('?');
  const hierarchy = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  const rest = mark < 0 ? '' : beforeFragment.slice(mark + 1);
  // `//host` alone is an authority only where something says how to reach it, or three slashes do not begin it.
  const hasAuthority = hierarchy.startsWith('//') && (scheme !== '' || !hierarchy.startsWith('///'));
  const [, authority = '', path = hierarchy] = hasAuthority ? (/^\/\/([^/]*)(.*)$/s.exec(hierarchy) ?? []) : [];
  const problem = hasAuthority ? authorityProblem(authority) : undefined;
  if (problem) return problem;
  const bad = badEscape(path);
  if (bad) return `invalid URL escape ${JSON.stringify(bad)}`;
  return { scheme: scheme.toLowerCase(), host: authority.slice(authority.lastIndexOf('@') + 1), path, query: rest };
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}

function authorityProblem(authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) return 'net/url: invalid userinfo';
  const host = authority.slice(at + 1);
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end < 0) return "missing ']' in host";
    return portProblem(host.slice(end + 1));
  }
  const colon = host.lastIndexOf(':');
  const name = colon < 0 ? host : host.slice(0, colon);
  if (name.includes(':')) return portProblem(host.slice(host.indexOf(':')));
  const wrong = /[ "<>\\^`{|}]/.exec(name)?.[0];
  if (wrong !== undefined) return `invalid character ${JSON.stringify(wrong)} in host name`;
  const bad = badEscape(name) ?? /%(?![89A-Fa-f])[0-9A-Fa-f]{2}/.exec(name)?.[0];
  if (bad) return `invalid URL escape ${JSON.stringify(bad)}`;
  return colon < 0 ? undefined : portProblem(host.slice(colon));
}

function portProblem(text: string): string | undefined {
  return text === '' || /^:\d*$/.test(text) ? undefined : `invalid port ${JSON.stringify(text)} after host`;
}

function badEscape(text: string): string | undefined {
  return /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text)?.[0];
}

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
