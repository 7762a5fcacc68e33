// Routes that read: get and list. Stored bytes go out as they are wherever the client takes JSON.

import { scaleColumns } from '../../../core/kinds/autoscaling/scale-columns.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import type { ListOutcome } from '../../../core/registry/registry.ts';
import { isBinary } from '../content/negotiate.ts';
import { respondBytes, respondList, respondValue } from '../content/respond.ts';
import { listOptions } from './query-options.ts';
import type { Route } from './route.ts';
import { transformer } from './transform.ts';

export const getRoute: Route = async ({ registry, now }, exchange, target) => {
  const outcome = await registry.get(exchange.context, target);
  const definition =
    target.subresource === 'scale' ? { ...target.definition, columns: scaleColumns } : target.definition;
  const transform = transformer(exchange.mediaType, definition, exchange.query, now);
  if (transform) return respondValue(200, transform.one(outcome.object), exchange.mediaType);
  if (isBinary(exchange.mediaType)) return respondValue(200, outcome.object, exchange.mediaType);
  return respondBytes(200, outcome.bytes, exchange.mediaType);
};

export const listRoute: Route = async ({ registry, now }, exchange, target) => {
  const { definition } = target;
  const outcome = await registry.list(exchange.context, target, listOptions(exchange.info, exchange.query));
  const transform = transformer(exchange.mediaType, definition, exchange.query, now);
  if (transform) {
    // Entries of a replica hold what the registry stored: objects.
    const objects = outcome.entries.map((entry) => entry.object as KubeObject);
    return respondValue(200, transform.list(objects, listMetadata(outcome)), exchange.mediaType);
  }
  const apiVersion = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
  if (isBinary(exchange.mediaType)) {
    const items = outcome.entries.map((entry) => entry.object);
    const list = { kind: definition.listKind, apiVersion, metadata: listMetadata(outcome), items };
    return respondValue(200, list, exchange.mediaType);
  }
  const head = `{"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(listMetadata(outcome))},"items":[`;
  const parts = outcome.entries.map((entry) => entry.bytes);
  return respondList(head, parts, ']}\n', exchange.mediaType);
};

function listMetadata(outcome: ListOutcome) {
  return {
    resourceVersion: outcome.resourceVersion,
    ...(outcome.continue !== undefined && { continue: outcome.continue }),
    ...(outcome.remainingItemCount !== undefined && { remainingItemCount: outcome.remainingItemCount }),
  };
}
