// What a request is about, read from its method, path and query once. Authorization, routing, audit and metrics use it, and what is
// authorized is what is done: routes see neither method, path nor the parameters that decide (see RoutedRequest, Query).
// Source: Kubernetes' RequestInfo (API concepts, "Resource URIs"; authorization, "Determine the request verb").

import { parseFieldSelector, requiredFieldValue } from '../../core/machinery/fields.ts';
import { pathSegmentName } from '../../core/machinery/names.ts';
import { badRequest, StatusError } from '../../core/machinery/status.ts';
import { isTrue } from './query.ts';

export interface RequestInfo {
  /** False for `/version`, `/healthz`, discovery, ...: then `verb` is the method in lower case and only `path` counts. */
  readonly isResource: boolean;
  /** Empty for a method that stands for none. */
  readonly verb: string;
  /** As it was sent: for who passes requests on. */
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** Of `path`: without its outer slashes, split at the others. */
  readonly segments: readonly string[];
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** Also the name that the field selector of a list or watch requires: who may see that one object may see it in a list. */
  readonly name: string;
  /** Segments behind resource, name and subresource: the path that a proxy passes on. */
  readonly rest: readonly string[];
  /** Whether the verb comes from the path, by the deprecated prefix `watch`, and not from the method. */
  readonly verbInPath: boolean;
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

/** Watches, streams, and the long polls of queues. As Kubernetes: no deadline ends them, and they are counted when they end. */
export function isLongRunning({ verb, segments, subresource }: RequestInfo): boolean {
  return verb === 'watch' || streamSubresources.has(subresource) || segments[0] === 'queues';
}

const verbs: ReadonlyMap<string, string> = new Map([
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

// First segments that are verbs of their own. `proxy` has not been served since Kubernetes 1.10, and is no resource either.
const verbsInPaths = new Set(['watch', 'proxy']);

// Subresources of a namespace; anything else behind a namespace's name is a resource in it.
const namespaceSubresources = new Set(['status', 'finalize']);

/** Throws BadRequest for a path that is not well encoded. */
export function parseRequestInfo(method: string, sentPath: string, query: URLSearchParams): RequestInfo {
  const path = decodePath(sentPath);
  const segments = splitPath(path);
  const first = segments[0];
  // /api/{version}/... is the core group, /apis/{group}/{version}/... any other; shorter ones are discovery.
  if (first === 'api' && segments.length >= 3) return resourceInfo(method, path, segments, '', 1, query);
  if (first === 'apis' && segments.length >= 4)
    return resourceInfo(method, path, segments, segments[1] ?? '', 2, query);
  return { ...nothing, verb: method.toLowerCase(), method, path, segments };
}

/** Of a request whose path cannot be read: what is written down of it. */
export function unreadableRequestInfo(method: string, sentPath: string): RequestInfo {
  return { ...nothing, verb: method.toLowerCase(), method, path: sentPath, segments: splitPath(sentPath) };
}

/** A path whose decoded segments these are, without its leading slash: encoded as Go's net/url does. */
export function encodeSegments(segments: readonly string[]): string {
  return segments.map((each) => encodeURI(each).replace(/[?#!'()*]/g, percent)).join('/');
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Throws what Kubernetes says to a verb of a path with another method than GET, or where it is not served. */
export function demandMethodOfVerb({ verb, verbInPath, method, subresource }: RequestInfo): void {
  if (!verbInPath) return;
  if (verb !== 'watch' || subresource !== '')
    throw new StatusError('NotFound', 'the server could not find the requested resource', {});
  if (method !== 'GET' && method !== 'HEAD')
    throw new StatusError('MethodNotAllowed', `a path of watches takes GET only, not ${method}`, {});
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
  verbInPath: false,
} as const;

/** Of a request that nobody has read yet. */
export const unreadInfo: RequestInfo = { ...nothing, verb: '', method: '', path: '', segments: [] };

/** As a whole, before it is split, as Go does: an encoded slash is a slash, so no segment ever holds one. */
function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw badRequest(
      `the request path ${JSON.stringify(path)} has a broken percent-encoding: encode it as RFC 3986 says`,
    );
  }
}

const slashCode = 47;

/** Empty segments stay, except at both ends: what has one is nothing that is served. */
function splitPath(path: string): string[] {
  let [start, end] = [0, path.length];
  while (path.charCodeAt(start) === slashCode) start++;
  while (end > start && path.charCodeAt(end - 1) === slashCode) end--;
  if (start === end) return [];
  // By hand, which takes a third of what String.split does.
  const segments: string[] = [];
  for (let at = start; ; ) {
    const slash = path.indexOf('/', at);
    if (slash < 0 || slash >= end) {
      segments.push(path.slice(at, end));
      return segments;
    }
    segments.push(path.slice(at, slash));
    at = slash + 1;
  }
}

function resourceInfo(
  method: string,
  path: string,
  segments: string[],
  group: string,
  versionAt: number,
  query: URLSearchParams,
): RequestInfo {
  let at = versionAt + 1;
  let verb = verbs.get(method) ?? '';
  const inPath = segments[at] ?? '';
  const verbInPath = verbsInPaths.has(inPath) && segments.length > at + 1;
  if (verbInPath) {
    verb = inPath;
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
  const subresource = verb === 'proxy' ? '' : (segments[at + 2] ?? '');

  if (name === '' && verb === 'get') {
    const watch = query.size === 0 ? null : query.get('watch');
    verb = watch !== null && isTrue(watch) ? 'watch' : 'list';
    name = query.size === 0 ? '' : nameOfFieldSelector(query.get('fieldSelector'));
  } else if (name === '' && verb === 'delete') verb = 'deletecollection';

  return {
    isResource: true,
    verb,
    method,
    path,
    segments,
    group,
    version: segments[versionAt] ?? '',
    namespace,
    resource,
    subresource,
    name,
    rest: segments.slice(at + 3),
    verbInPath,
    ...(query.size > 0 && selecting.has(verb) && selectorsIn(query)),
  };
}

const selecting = new Set(['list', 'watch', 'deletecollection']);

function selectorsIn(query: URLSearchParams): Pick<RequestInfo, 'fieldSelector' | 'labelSelector'> {
  const [fieldSelector, labelSelector] = [query.get('fieldSelector'), query.get('labelSelector')];
  return { ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) };
}

/** A list that selects one name is authorized as access to that name. What is no selector says nothing: whoever answers refuses it. */
function nameOfFieldSelector(selector: string | null): string {
  if (!selector) return '';
  try {
    const name = requiredFieldValue(parseFieldSelector(selector), 'metadata.name') ?? '';
    // What no path can name, is not authorized by name.
    return pathSegmentName(name).length === 0 ? name : '';
  } catch (error) {
    if (error instanceof StatusError) return '';
    throw error;
  }
}
