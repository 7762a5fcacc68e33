// Routes that read: get and list. Stored bytes go out as they are wherever the client takes JSON.

import { scaleColumns } from '../../../core/kinds/autoscaling/scale-columns.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { yieldToEventLoop } from '../../../core/machinery/steps.ts';
import type { ListOutcome } from '../../../core/registry/registry.ts';
import { isBinary } from '../content/negotiate.ts';
import { respondBytes, respondList, respondSized } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from './exchange.ts';
import { getOptions, listOptions } from './query-options.ts';
import type { Route } from './route.ts';
import { transformer } from './transform.ts';

/** Seldom asked for. */
const loadPast = () => import('./past.ts');

export const getRoute: Route = async (parts, exchange, target) => {
  const { registry, now } = parts;
  const past = exchange.query.has('history') ? await (await loadPast()).pastOfOne(parts, exchange, target) : undefined;
  if (past && 'response' in past) return past.response;
  const outcome = past?.outcome ?? (await registry.get(exchange.context, target, getOptions(exchange.query)));
  const definition =
    target.subresource === 'scale' ? { ...target.definition, columns: scaleColumns } : target.definition;
  const transforming = transformer(exchange.mediaType, definition, exchange.query, now);
  const transform = transforming && (await transforming);
  const { bytes } = outcome;
  if (transform) return respondSized(200, transform.one(outcome.object), bytes.length, exchange.mediaType);
  if (isBinary(exchange.mediaType)) return respondSized(200, outcome.object, bytes.length, exchange.mediaType);
  return respondBytes(200, bytes, exchange.mediaType);
};

export const listRoute: Route = async (parts, exchange, target) => {
  const { registry, now } = parts;
  const { definition } = target;
  const outcome = exchange.query.has('history')
    ? await (await loadPast()).pastOfMany(parts, exchange, target)
    : await registry.list(exchange.context, target, listOptions(exchange.info, exchange.query));
  const transforming = transformer(exchange.mediaType, definition, exchange.query, now);
  const transform = transforming && (await transforming);
  if (transform) {
    const objects = await objectsOf(outcome);
    return respondObjects(outcome, await transform.list(objects, listMetadata(outcome)), exchange);
  }
  const apiVersion = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
  if (isBinary(exchange.mediaType)) {
    const items = await objectsOf(outcome);
    const list = { kind: definition.listKind, apiVersion, metadata: listMetadata(outcome), items };
    return respondObjects(outcome, list, exchange);
  }
  const head = `{"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(listMetadata(outcome))},"items":[`;
  const pieces = outcome.entries.map((entry) => entry.bytes);
  return respondList(head, pieces, ']}\n', exchange.mediaType);
};

/** Stored text that is read in one step. */
const bytesAtOnce = 256 * 1024;

/** The objects of a list, which may be thousands: others have their turn while they are read. */
async function objectsOf({ entries }: ListOutcome): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  let pauseAt = bytesAtOnce;
  let bytes = 0;
  for (const entry of entries) {
    // as: entries of a replica hold what the registry stored.
    objects.push(entry.object as KubeObject);
    bytes += entry.bytes.length;
    if (bytes < pauseAt) continue;
    await yieldToEventLoop();
    pauseAt = bytes + bytesAtOnce;
  }
  return objects;
}

function respondObjects(
  { entries }: ListOutcome,
  value: unknown,
  { mediaType }: Exchange,
): ApiResponse | Promise<ApiResponse> {
  let bytes = 0;
  for (const entry of entries) bytes += entry.bytes.length;
  return respondSized(200, value, bytes, mediaType);
}

function listMetadata(outcome: ListOutcome) {
  return {
    resourceVersion: outcome.resourceVersion,
    ...(outcome.continue !== undefined && { continue: outcome.continue }),
    ...(outcome.remainingItemCount !== undefined && { remainingItemCount: outcome.remainingItemCount }),
  };
}
