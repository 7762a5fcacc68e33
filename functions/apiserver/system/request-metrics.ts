// What the API server counts of requests, under Kubernetes' names. Counting must cost next to nothing: series are plain numbers, found by
// the parts of a request, and become text in request-families.ts when somebody scrapes.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import { createHistogram, exponentialBounds, type Histogram, observe } from '../../../core/metrics/histogram.ts';
import type { ApiRequest } from '../http.ts';
import { type RequestInfo, streamSubresources } from '../request-info.ts';

/** Requests that share all labels but the code. */
export interface RequestSeries {
  readonly labels: RequestLabels;
  /** Answers by HTTP code. */
  readonly codes: Map<number, number>;
  readonly seconds: Histogram;
  /** Without what webhooks and queues took. Dry runs share the one of what is no dry run. */
  readonly sliSeconds: Histogram;
  /** Of reads only. */
  readonly bytes: Histogram | undefined;
  /** Long running ones that have begun. */
  longRunning: number;
}

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: '' | 'cluster' | 'namespace' | 'resource';
  readonly dryRun: '' | 'All' | 'invalid';
}

/** Events that were sent to the watchers of a resource. */
export interface WatchMeter {
  readonly definition: Pick<ResourceDefinition, 'group' | 'version' | 'resource'>;
  /** Its total is how many. */
  readonly bytes: Histogram;
}

export type AuthenticationResult = 'success' | 'failure' | 'error';

export interface RequestCounts {
  readonly series: ReadonlySet<RequestSeries>;
  readonly watches: ReadonlyMap<string, WatchMeter>;
  readonly reading: number;
  readonly mutating: number;
  readonly users: ReadonlyMap<string, number>;
  readonly authentications: ReadonlyMap<AuthenticationResult, Histogram>;
  /** Seconds that client certificates were good for when they came with a request. */
  readonly certificates: Histogram;
  /** Subresources of deprecated types that were asked for, by type. */
  readonly deprecated: ReadonlyMap<ResourceDefinition, ReadonlySet<string>>;
}

export interface RequestMetrics {
  /** A request that is not long running begins (1) or ends (-1). */
  running(verb: string, by: 1 | -1): void;
  /** Where a request belongs that was answered with `code`. */
  seriesOf(info: RequestInfo, request: Pick<ApiRequest, 'headers' | 'query'>, code: number): RequestSeries;
  /** `seconds`: undefined where they say nothing (a long poll). `waited`: what of them webhooks and queues took. */
  answered(series: RequestSeries, code: number, seconds: number | undefined, waited: number, bytes: number): void;
  authenticated(result: AuthenticationResult, seconds: number, username?: string): void;
  /** A request came with a client certificate, good or not, that is good until then (Unix milliseconds). */
  certified(notAfter: number): void;
  watchOf(definition: WatchMeter['definition']): WatchMeter;
  deprecated(definition: ResourceDefinition, subresource: string): void;
  readonly counts: RequestCounts;
}

// Kubernetes' bounds.
const secondsBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const sliBounds = secondsBounds.slice(2);
const bytesBounds = exponentialBounds(1000, 10, 7);
const eventBytesBounds = exponentialBounds(1024, 2, 8);
const authenticationBounds = exponentialBounds(0.001, 2, 15);
const [hour, day] = [3600, 86_400];
const certificateBounds = [
  ...[0, hour / 2, hour, 2 * hour, 6 * hour, 12 * hour],
  ...[1, 2, 4, 7, 30, 90, 180, 360].map((days) => days * day),
];

const readingVerbs = new Set(['get', 'list', 'head', 'options']);

/** By our verbs, which are those of authorization. */
const verbLabels: Readonly<Record<string, string>> = {
  get: 'GET',
  head: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  post: 'POST',
  update: 'PUT',
  put: 'PUT',
  patch: 'PATCH',
  apply: 'APPLY',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

const healthPaths = new Set(['/healthz', '/livez', '/readyz']);

type Level<T> = Map<string, T>;
/** Resource, verb, version, group, scope, subresource: maps of short strings are found faster than one string of all is made. */
type Tree = Level<Level<Level<Level<Level<Level<RequestSeries>>>>>>;

export function createRequestMetrics(definitions: Pick<Definitions, 'find' | 'onGone'>): RequestMetrics {
  const trees: Readonly<Record<RequestLabels['dryRun'], Tree>> = { '': new Map(), All: new Map(), invalid: new Map() };
  const series = new Set<RequestSeries>();
  const watches = new Map<string, WatchMeter>();
  const users = new Map<string, number>();
  const authentications = new Map<AuthenticationResult, Histogram>();
  const certificates = createHistogram(certificateBounds);
  const deprecated = new Map<ResourceDefinition, Set<string>>();
  let reading = 0;
  let mutating = 0;

  const find = (dryRun: RequestLabels['dryRun'], verb: string, info: RequestInfo, scope: string, subresource: string) =>
    trees[dryRun].get(info.resource)?.get(verb)?.get(info.version)?.get(info.group)?.get(scope)?.get(subresource);

  const make = (verb: string, labels: RequestLabels): RequestSeries => {
    const { group, version, resource, subresource, scope, dryRun } = labels;
    const parent = level(level(level(level(level(trees[dryRun], resource), verb), version), group), scope);
    const known = parent.get(subresource);
    if (known) return known;
    const plain = dryRun === '' ? undefined : make(verb, { ...labels, dryRun: '' });
    const reads = labels.verb === 'GET' || labels.verb === 'LIST';
    const made: RequestSeries = {
      labels,
      codes: new Map(),
      seconds: createHistogram(secondsBounds),
      sliSeconds: plain?.sliSeconds ?? createHistogram(sliBounds),
      bytes: plain ? plain.bytes : reads ? createHistogram(bytesBounds) : undefined,
      longRunning: 0,
    };
    parent.set(subresource, made);
    series.add(made);
    return made;
  };

  /** Names come from the path, where a client may write anything: only what is served may become a series. */
  const isServed = ({ isResource, group, version, resource, subresource, verb }: RequestInfo, code: number) => {
    if (!isResource || getOwn(verbLabels, verb) === undefined) return false;
    const definition = definitions.find(group, version, resource);
    // Another server's, or our agents'.
    if (!definition) return code < 400;
    return subresource === '' || definition.subresources.some(({ name }) => name === subresource);
  };

  definitions.onGone((gone) => {
    const isGone = (each: WatchMeter['definition']) =>
      gone.some(({ group, version, resource }) => {
        return group === each.group && version === each.version && resource === each.resource;
      });
    for (const each of series) if (isGone(each.labels)) series.delete(each);
    for (const [key, { definition }] of watches) if (isGone(definition)) watches.delete(key);
    for (const each of deprecated.keys()) if (isGone(each)) deprecated.delete(each);
    for (const tree of Object.values(trees))
      for (const { group, version, resource } of gone)
        for (const versions of tree.get(resource)?.values() ?? []) {
          versions.get(version)?.delete(group);
          if (versions.get(version)?.size === 0) versions.delete(version);
        }
    for (const tree of Object.values(trees)) forgetEmpty(tree);
  });

  return {
    running(verb, by) {
      if (readingVerbs.has(verb)) reading += by;
      else mutating += by;
    },
    seriesOf(info, request, code) {
      const dryRun = request.query.includes('dryRun') ? dryRunOf(request.query) : '';
      const verb = info.verb === 'patch' && isApply(request) ? 'apply' : info.verb;
      const scope = scopeOf(info);
      const subresource = info.isResource || !healthPaths.has(info.path) ? info.subresource : info.path;
      const known = find(dryRun, verb, info, scope, subresource);
      if (known) return known;
      const { group, version, resource } = info;
      const name = info.isResource && streamSubresources.has(subresource) ? 'CONNECT' : getOwn(verbLabels, verb);
      if (isServed(info, code))
        return make(verb, { verb: name ?? 'other', group, version, resource, subresource, scope, dryRun });
      const nowhere = { group: '', version: '', resource: '', scope: '', dryRun: '' } as const;
      const path = info.isResource ? '' : subresource;
      return make(name === undefined ? 'other' : verb, { ...nowhere, verb: name ?? 'other', subresource: path });
    },
    answered(each, code, seconds, waited, bytes) {
      each.codes.set(code, (each.codes.get(code) ?? 0) + 1);
      if (seconds === undefined) return;
      observe(each.seconds, seconds);
      observe(each.sliSeconds, waited === 0 ? seconds : Math.max(0, seconds - waited));
      if (each.bytes) observe(each.bytes, bytes);
    },
    authenticated(result, seconds, username) {
      let histogram = authentications.get(result);
      if (!histogram) {
        histogram = createHistogram(authenticationBounds);
        authentications.set(result, histogram);
      }
      observe(histogram, seconds);
      if (username === undefined) return;
      const kind = kindOfUser(username);
      users.set(kind, (users.get(kind) ?? 0) + 1);
    },
    certified: (notAfter) => observe(certificates, (notAfter - Date.now()) / 1000),
    watchOf({ group, version, resource }) {
      const key = `${group}/${version}/${resource}`;
      const known = watches.get(key) ?? {
        definition: { group, version, resource },
        bytes: createHistogram(eventBytesBounds),
      };
      watches.set(key, known);
      return known;
    },
    deprecated(definition, subresource) {
      const { group, version, resource } = definition;
      // A definition that changed is another value of the same names.
      const current = definitions.find(group, version, resource) ?? definition;
      const known = deprecated.get(current);
      if (known) known.add(subresource);
      else deprecated.set(current, new Set([subresource]));
    },
    get counts() {
      return { series, watches, reading, mutating, users, authentications, certificates, deprecated };
    },
  };
}

/** Resources, and verbs of them, that no version is left of. */
function forgetEmpty(tree: Tree): void {
  for (const [resource, verbs] of tree) {
    for (const [verb, versions] of verbs) if (versions.size === 0) verbs.delete(verb);
    if (verbs.size === 0) tree.delete(resource);
  }
}

function level<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const known = map.get(key) ?? new Map<string, T>();
  map.set(key, known);
  return known;
}

function scopeOf({ isResource, verb, namespace, name }: RequestInfo): RequestLabels['scope'] {
  if (!isResource) return '';
  if (verb === 'create' || (name !== '' && verb !== 'list')) return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}

function isApply({ headers }: Pick<ApiRequest, 'headers'>): boolean {
  return headers['content-type']?.startsWith('application/apply-patch') ?? false;
}

function dryRunOf(query: string): RequestLabels['dryRun'] {
  const values = new URLSearchParams(query).getAll('dryRun');
  if (values.length === 0) return '';
  return values.every((each) => each === 'All') ? 'All' : 'invalid';
}

/** As kube-apiserver's: few words, and nobody's name. */
function kindOfUser(username: string): string {
  switch (username) {
    case 'admin':
    case 'client':
    case 'kube_proxy':
    case 'kubelet':
    case 'system:serviceaccount:kube-system:default':
      return username;
    default:
      return username.includes('@') ? 'email_id' : 'other';
  }
}
