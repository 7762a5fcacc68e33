// URLs as Go's net/url reads them: nothing is made canonical, so that each part is what was written.
// Source: RFC 3986; Go's url.ParseRequestURI, which takes absolute URLs and absolute paths.

export interface RequestUri {
  readonly scheme: string;
  /** Before an `@`; undefined where there is none. */
  readonly user: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** Of a text that is an absolute URL or path; a text says what is wrong with it. */
export function urlProblem(text: string): string | undefined {
  const parts = readRequestUri(text);
  return typeof parts === 'string' ? problemWith(text, parts) : undefined;
}

function problemWith(text: string, problem: string): string {
  return `parse ${JSON.stringify(text)}: ${problem}`;
}

/** A text says what is wrong. */
export function readRequestUri(text: string): RequestUri | string {
  return text === '' ? 'empty url' : read(text, true);
}

/** Any URL, a relative one too, with what stands behind its `#`; a text says what is wrong. */
export function readUrl(text: string): (RequestUri & { readonly fragment: string }) | string {
  const hash = text.indexOf('#');
  const parts = read(hash < 0 ? text : text.slice(0, hash), false);
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const problem = typeof parts === 'string' ? parts : escapeProblem(fragment);
  if (problem !== undefined) return problemWith(text, problem);
  return typeof parts === 'string' ? problemWith(text, parts) : { ...parts, fragment };
}

function read(text: string, ofRequest: boolean): RequestUri | string {
  if (hasControl(text)) return 'net/url: invalid control character in URL';
  if (text === '*') return { scheme: '', user: undefined, host: '', path: '*', query: '' };
  const [, scheme = '', afterScheme = text] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === '' && text.startsWith(':')) return 'missing protocol scheme';
  const mark = afterScheme.indexOf('?');
  const hierarchy = mark < 0 ? afterScheme : afterScheme.slice(0, mark);
  const query = mark < 0 ? '' : afterScheme.slice(mark + 1);
  const bare = { scheme: scheme.toLowerCase(), user: undefined, host: '', query };
  if (!hierarchy.startsWith('/')) {
    // Without a slash the rest means something to its scheme alone: `urn:isbn:1`.
    if (scheme !== '') return { ...bare, path: '' };
    if (ofRequest) return 'invalid URI for request';
    if (/^[^/]*:/.test(hierarchy)) return 'first path segment in URL cannot contain colon';
  }
  // `//host` of a request is a path: only a scheme says how an authority is reached.
  const hasAuthority = hierarchy.startsWith('//') && (scheme !== '' || !(ofRequest || hierarchy.startsWith('///')));
  const [, authority = '', path = hierarchy] = hasAuthority ? (/^\/\/([^/]*)(.*)$/s.exec(hierarchy) ?? []) : [];
  const problem = (hasAuthority ? authorityProblem(authority) : undefined) ?? escapeProblem(path);
  if (problem !== undefined) return problem;
  const at = authority.lastIndexOf('@');
  return { ...bare, user: at < 0 ? undefined : authority.slice(0, at), host: authority.slice(at + 1), path };
}

function escapeProblem(text: string): string | undefined {
  const bad = badEscape(text);
  return bad === undefined ? undefined : `invalid URL escape ${JSON.stringify(bad)}`;
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
