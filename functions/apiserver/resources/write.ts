// Routes that write: create, update, patch, delete, deletecollection.

import type { ResourceDefinition } from '../../../core/api/definition.ts';
import { answersWithDeleted } from '../../../core/api/deletion-answers.ts';
import type { Outcome, Target } from '../../../core/registry/registry.ts';
import { contentType, decodeBody, takeBody } from '../content/body.ts';
import { isBinary } from '../content/negotiate.ts';
import { respondBytes, respondList, respondSized, respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from './exchange.ts';
import { deleteOptions, listOptions, writeOptions } from './query-options.ts';
import { bodyKind, patchTypeOf, readObject, readPatch } from './resource-body.ts';
import type { Route } from './route.ts';
import { transformer } from './transform.ts';

export const createRoute: Route = async ({ registry, now }, exchange, target) => {
  const { request, context, query } = exchange;
  const options = writeOptions(request, query, 'Create');
  const kind = bodyKind(target.definition, target.subresource ?? '');
  const object = await readObject(request, context, kind, options.fieldValidation);
  return written(exchange, target, 201, await registry.create(context, target, object, options), now);
};

export const updateRoute: Route = async ({ registry, now }, exchange, target) => {
  const { request, context, query } = exchange;
  const options = writeOptions(request, query, 'Update');
  const kind = bodyKind(target.definition, target.subresource ?? '');
  const object = await readObject(request, context, kind, options.fieldValidation);
  const outcome = await registry.update(context, target, object, options);
  return written(exchange, target, outcome.created ? 201 : 200, outcome, now);
};

export const patchRoute: Route = async ({ registry, now }, exchange, target) => {
  const { request, context, query } = exchange;
  const type = patchTypeOf(request, target.definition);
  const options = writeOptions(request, query, 'Patch', type);
  const { patch, faults } = await readPatch(
    request,
    context,
    bodyKind(target.definition, target.subresource ?? ''),
    type,
    options.fieldValidation,
  );
  const outcome = await registry.patch(
    context,
    target,
    type,
    patch,
    faults ? { ...options, patchFaults: faults } : options,
  );
  return written(exchange, target, outcome.created ? 201 : 200, outcome, now);
};

export const deleteRoute: Route = async ({ registry, now }, exchange, target) => {
  const { context, query } = exchange;
  const options = deleteOptions(query, await readOptions(exchange));
  const outcome = await registry.delete(context, target, options);
  const { definition } = target;
  if (!outcome.deleted || answersWithDeleted(definition.type)) return written(exchange, target, 200, outcome, now);
  const { name, uid } = outcome.object.metadata;
  const details = {
    ...(name !== undefined && { name }),
    ...(definition.group && { group: definition.group }),
    kind: definition.resource,
    ...(uid !== undefined && { uid }),
  };
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return respondValue(200, status, exchange.mediaType);
};

export const deleteCollectionRoute: Route = async ({ registry }, exchange, target) => {
  const { context, info, query } = exchange;
  const options = deleteOptions(query, await readOptions(exchange));
  const outcomes = await registry.deleteCollection(context, target, listOptions(info, query), options);
  const { definition } = target;
  const head = `{"kind":${JSON.stringify(definition.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},"metadata":{},"items":[`;
  const parts = outcomes.map((each) => each.bytes);
  return respondList(head, parts, ']}\n', exchange.mediaType);
};

function apiVersionOf({ group, version }: ResourceDefinition): string {
  return group === '' ? version : `${group}/${version}`;
}

async function readOptions({ request }: Exchange): Promise<unknown> {
  const bytes = await takeBody(request);
  return bytes.length === 0 ? undefined : (await decodeBody(bytes, contentType(request))).value;
}

async function written(
  exchange: Exchange,
  target: Target,
  status: number,
  outcome: Outcome,
  now: () => Date,
): Promise<ApiResponse> {
  const transforming =
    target.subresource === undefined
      ? transformer(exchange.mediaType, target.definition, exchange.query, now)
      : undefined;
  const transform = transforming && (await transforming);
  const { bytes } = outcome;
  if (transform) return respondSized(status, transform.one(outcome.object), bytes.length, exchange.mediaType);
  if (isBinary(exchange.mediaType)) return respondSized(status, outcome.object, bytes.length, exchange.mediaType);
  return respondBytes(status, bytes, exchange.mediaType);
}
