// What a request is about, read from its method, path and query once. Authorization, routing, audit and metrics use it.
// Source: Kubernetes' RequestInfo (API concepts, "Resource URIs"; authorization, "Determine the request verb").

import { badRequest } from '../../core/machinery/status.ts';

export interface RequestInfo {
  /** False for `/version`, `/healthz`, discovery, ...: then `verb` is the method in lower case and only `path` counts. */
  readonly isResource: boolean;
  readonly verb: string;
  /** Decoded segments, joined again. */
  readonly path: string;
  readonly segments: readonly string[];
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Segments behind resource, name and subresource: the path that a proxy passes on. */
  readonly rest: readonly string[];
  /** Of a list, a watch or a deletion of many, as the query has them. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** Streams of Kubernetes' pods and Services, and the one by which our agents dial in. */
export const streamSubresources: ReadonlySet<string> = new Set([
  'attach',
  'exec',
  'log',
  'portforward',
  'proxy',
  'streams',
]);

/** Watches, streams, and the long polls of queues. */
export function lastsByNature({ verb, segments, subresource }: RequestInfo): boolean {
  return verb === 'watch' || streamSubresources.has(subresource) || segments[0] === 'queues';
}

const emptyQuery = new URLSearchParams();

/** Parses a query string. */
export function parseQuery(query: string): URLSearchParams {
  return query === '' ? emptyQuery : new URLSearchParams(query);
}

/** Whether a query parameter that Kubernetes reads as a boolean is true: present and neither `false` nor `0`. */
export function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}

const verbs: Record<string, string> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

// Subresources of a namespace; anything else behind a namespace's name is a resource in it.
const namespaceSubresources = new Set(['status', 'finalize']);

/** Throws BadRequest for a path that is not well encoded. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const segments = splitPath(path);
  const first = segments[0];
  // /api/{version}/... is the core group, /apis/{group}/{version}/... any other; shorter ones are discovery.
  if (first === 'api' && segments.length >= 3) return resourceInfo(method, segments, '', 1, query);
  if (first === 'apis' && segments.length >= 4) return resourceInfo(method, segments, segments[1] ?? '', 2, query);
  return {
    ...nothing,
    verb: method.toLowerCase(),
    path: path.includes('%') ? `/${segments.join('/')}` : path,
    segments,
  };
}

const nothing = {
  isResource: false,
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  rest: [],
} as const;

function splitPath(path: string): string[] {
  const segments = path.split('/').filter((each) => each !== '');
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw badRequest(
      `the request path ${JSON.stringify(path)} has a broken percent-encoding: encode it as RFC 3986 says`,
    );
  }
}

function resourceInfo(
  method: string,
  segments: string[],
  group: string,
  versionAt: number,
  query: URLSearchParams,
): RequestInfo {
  let at = versionAt + 1;
  let verb = verbs[method] ?? method.toLowerCase();
  // The deprecated prefix /watch/ turns a get or list into a watch.
  if (segments[at] === 'watch' && segments.length > at + 1) {
    verb = 'watch';
    at += 1;
  }

  let namespace = '';
  if (segments[at] === 'namespaces') {
    const candidate = segments[at + 1];
    if (candidate !== undefined) {
      namespace = candidate;
      const next = segments[at + 2];
      if (next !== undefined && !namespaceSubresources.has(next)) at += 2;
    }
  }
  const resource = segments[at] ?? '';
  let name = segments[at + 1] ?? '';
  const subresource = segments[at + 2] ?? '';

  if (name === '') {
    if (verb === 'get') {
      verb = isTrue(query, 'watch') ? 'watch' : 'list';
      name = nameOfFieldSelector(query.get('fieldSelector'));
    } else if (verb === 'watch') name = nameOfFieldSelector(query.get('fieldSelector'));
    else if (verb === 'delete') verb = 'deletecollection';
  } else if (verb === 'get' && subresource === '' && isTrue(query, 'watch')) verb = 'watch';

  return {
    isResource: true,
    verb,
    path: `/${segments.join('/')}`,
    segments,
    group,
    version: segments[versionAt] ?? '',
    namespace,
    resource,
    subresource,
    name,
    rest: segments.slice(at + 3),
    ...(selecting.has(verb) && selectorsIn(query)),
  };
}

const selecting = new Set(['list', 'watch', 'deletecollection']);

function selectorsIn(query: URLSearchParams): Pick<RequestInfo, 'fieldSelector' | 'labelSelector'> {
  const [fieldSelector, labelSelector] = [query.get('fieldSelector'), query.get('labelSelector')];
  return { ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) };
}

/** A list that selects one name is authorized as access to that name. */
function nameOfFieldSelector(selector: string | null): string {
  if (!selector) return '';
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=!]+)$/.exec(term.trim());
    if (match?.[1]) return match[1];
  }
  return '';
}
