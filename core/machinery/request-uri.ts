// URLs as Go's net/url reads them: nothing is made canonical, so that each part is what was written.
// Source: RFC 3986; Go's url.ParseRequestURI, which takes absolute URLs and absolute paths.

export interface RequestUri {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** Of a text that is an absolute URL or path; a text says what is wrong with it. */
export function urlProblem(text: string): string | undefined {
  const parts = readRequestUri(text);
  return typeof parts === 'string' ? `parse ${JSON.stringify(text)}: ${parts}` : undefined;
}

/** A text says what is wrong. */
export function readRequestUri(text: string): RequestUri | string {
  if (text === '') return 'empty url';
  if (hasControl(text)) return 'net/url: invalid control character in URL';
  if (text === '*') return { scheme: '', host: '', path: '*', query: '' };
  const [, scheme = '', afterScheme = text] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === '' && text.startsWith(':')) return 'missing protocol scheme';
  const mark = afterScheme.indexOf('?');
  const hierarchy = mark < 0 ? afterScheme : afterScheme.slice(0, mark);
  const query = mark < 0 ? '' : afterScheme.slice(mark + 1);
  // Without a slash the rest means something to its scheme alone: `urn:isbn:1`.
  if (!hierarchy.startsWith('/'))
    return scheme === '' ? 'invalid URI for request' : { scheme: scheme.toLowerCase(), host: '', path: '', query };
  // `//host` alone is a path: only a scheme says how an authority is reached.
  const hasAuthority = scheme !== '' && hierarchy.startsWith('//');
  const [, authority = '', path = hierarchy] = hasAuthority ? (/^\/\/([^/]*)(.*)$/s.exec(hierarchy) ?? []) : [];
  const problem = hasAuthority ? authorityProblem(authority) : undefined;
  if (problem) return problem;
  const bad = badEscape(path);
  if (bad) return `invalid URL escape ${JSON.stringify(bad)}`;
  return { scheme: scheme.toLowerCase(), host: authority.slice(authority.lastIndexOf('@') + 1), path, query };
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
  const wrong = /[ "#<>\\^`{|}]/.exec(name)?.[0];
  if (wrong !== undefined) return `invalid character ${JSON.stringify(wrong)} in host name`;
  const bad = badEscape(name) ?? /%(?![89A-Fa-f])[0-9A-Fa-f]{2}/.exec(name)?.[0];
  if (bad) return `invalid URL escape ${JSON.stringify(bad)}`;
  return colon < 0 ? undefined : portProblem(host.slice(colon));
}

function portProblem(text: string): string | undefined {
  return text === '' || /^:\d*$/.test(text) ? undefined : `invalid port ${JSON.stringify(text)} after host`;
}

export function badEscape(text: string): string | undefined {
  return /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text)?.[0];
}
