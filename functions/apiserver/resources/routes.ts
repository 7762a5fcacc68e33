// From a request about a resource to the route that answers it.

import type { ResourceDefinition, Subresource } from '../../../core/api/definition.ts';
import { late } from '../../../core/machinery/late.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Target } from '../../../core/registry/registry.ts';
import type { ApiResponse } from '../http.ts';
import type { RequestInfo } from '../request-info.ts';
import type { Exchange } from './exchange.ts';
import { getRoute, listRoute } from './read.ts';
import type { Route, RouteParts } from './route.ts';

/** What Kubernetes says to a path that nothing is served at. */
export function noSuchResource(): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource', {});
}

/** Throws NotFound or MethodNotAllowed. */
export function targetOf(definition: ResourceDefinition | undefined, info: RequestInfo): Target {
  if (!definition) throw noSuchResource();
  const subresource = info.subresource === '' ? undefined : subresourceOf(definition, info.subresource);
  if (info.subresource !== '' && !subresource) throw noSuchResource();
  if (info.rest.length > 0 && info.subresource !== 'proxy') throw noSuchResource();
  checkScope(definition, info);
  const verbs: readonly string[] = subresource ? subresource.verbs : definition.verbs;
  if (!verbs.includes(info.verb)) throw methodNotAllowed();
  // An object is made in its collection, and everything else is done to it by name.
  const named = info.name !== '';
  if (info.verb === 'create' ? named && !subresource : !named && namedVerbs.has(info.verb)) throw methodNotAllowed();
  return {
    definition,
    ...(definition.namespaced && info.namespace !== '' && { namespace: info.namespace }),
    // Of a list or a watch, too: then nothing but the object of this name is in it.
    ...(info.name !== '' && { name: info.name }),
    ...(subresource && { subresource: subresource.name }),
  };
}

const namedVerbs = new Set(['get', 'update', 'patch', 'delete']);

function subresourceOf(definition: ResourceDefinition, name: string): Subresource | undefined {
  return definition.subresources.find((each) => each.name === name);
}

/** A namespace in the path is one in which the request was authorized: of what has none, nothing is served there. Throws StatusError. */
export function checkScope(definition: ResourceDefinition, info: RequestInfo): void {
  // /api/v1/namespaces/x is a Namespace: its own name stands where a namespace would.
  const inNamespace = info.namespace !== '' && !(info.group === '' && info.resource === 'namespaces');
  if (!definition.namespaced && inNamespace) throw noSuchResource();
  if (!definition.namespaced || inNamespace) return;
  // Across namespaces there are only lists and watches.
  if (info.verb !== 'list' && info.verb !== 'watch') throw methodNotAllowed();
}

function methodNotAllowed(): StatusError {
  return new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

type WriteRoutes = typeof import('./write.ts');

let writeRoutes: WriteRoutes | undefined;

/** Before the first write, or ahead of it in a process that will write: others never load what writes need. */
export async function loadWriteRoutes(): Promise<WriteRoutes> {
  writeRoutes ??= await import('./write.ts');
  return writeRoutes;
}

function writeRoute(name: keyof WriteRoutes): Route {
  return (...given) =>
    writeRoutes ? writeRoutes[name](...given) : loadWriteRoutes().then((loaded) => loaded[name](...given));
}

/** What writes is never asked for one. */
const watching = late(() => import('./watch.ts'));

const routes: ReadonlyMap<string, Route> = new Map([
  ['get', getRoute],
  ['list', listRoute],
  ['watch', (...given) => watching(({ watchRoute }) => watchRoute(...given))],
  ['create', writeRoute('createRoute')],
  ['update', writeRoute('updateRoute')],
  ['patch', writeRoute('patchRoute')],
  ['delete', writeRoute('deleteRoute')],
  ['deletecollection', writeRoute('deleteCollectionRoute')],
]);

export function answerResource(parts: RouteParts, exchange: Exchange, target: Target): Promise<ApiResponse> {
  const { verb } = exchange.info;
  const route = routes.get(verb);
  if (!route) throw methodNotAllowed();
  return route(parts, exchange, target);
}
