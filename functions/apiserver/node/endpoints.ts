// The paths that only a node's agent uses (core/node/protocol.ts): desired state, report, and the dial-in of streams.

import { setTimeout as delay } from 'node:timers/promises';
import type { Definitions } from '../../../core/api/definition.ts';
import { decodeJson } from '../../../core/machinery/json-body.ts';
import { badRequest, StatusError } from '../../../core/machinery/status.ts';
import type { JoinRequest } from '../../../core/node/joining.ts';
import { readReport } from '../../../core/node/read-report.ts';
import { largestBatchBytes } from '../../../core/node/relay.ts';
import { packUsage } from '../../../core/node/usage.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { Heartbeats } from '../../../core/store/heartbeats.ts';
import type { Relays } from '../../../core/store/relays.ts';
import { readBody } from '../content/body.ts';
import { bodyLimit } from '../content/body-limits.ts';
import { respondBody, respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { noSuchResource } from '../resources/routes.ts';
import type { Answerer } from '../responder.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { desiredBody } from './desired-state.ts';
import type { NodeJoining } from './joining.ts';
import type { NodeStates } from './node-states.ts';
import type { Notifier } from './notifier.ts';
import { applyReport } from './report.ts';
import { noteSeenFrom } from './seen-from.ts';

export interface NodeEndpointOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly heartbeats: Heartbeats;
  readonly states: NodeStates;
  readonly replicas: Replicas;
  readonly notifier: Notifier;
  readonly joining?: NodeJoining;
  readonly streams?: StreamHandler;
  /** Where agents post their streams. Without it they dial in. */
  readonly relays?: Relays;
  readonly now: () => Date;
}

export function createNodeEndpoints(options: NodeEndpointOptions): Required<Answerer> {
  const { states, notifier, heartbeats, now } = options;

  const desired = async ({ info, query, mediaType }: Exchange): Promise<ApiResponse> => {
    const node = info.name;
    // Before the heads are read: what changes after comes with a new message.
    notifier.fetching(node);
    const looking = states.desiredOf(node, query.text('cursor'));
    const [state] = await Promise.all([looking, heartbeats.beat(node, now().getTime())]);
    return respondBody(desiredBody(state), mediaType);
  };

  const report = async ({ info, request, mediaType, context }: Exchange): Promise<ApiResponse> => {
    const node = info.name;
    const body = readReport(decodeJson(await readBody(request, bodyLimit(info))));
    const atMs = now().getTime();
    await heartbeats.beat(node, atMs, body.usage && packUsage(body.usage, atMs));
    const result = await applyReport(options, context, node, body);
    if (result.node) await noteSeenFrom(options, result.node, request.remoteAddress);
    return respondValue(200, result, mediaType);
  };

  const relay = async (
    relays: Relays,
    { info, query, request, mediaType }: Exchange,
    id: string,
  ): Promise<ApiResponse> => {
    const { takeRelayPost } = await import('../relay/relay-posts.ts');
    const body = await readBody(request, largestBatchBytes);
    const pause = (ms: number) => delay(ms);
    const post = { node: info.name, id, query, body, now: () => now().getTime(), pause };
    return respondValue(200, await takeRelayPost(relays, post), mediaType);
  };

  return {
    async respond(exchange) {
      const { resource, name, subresource, verb, rest } = exchange.info;
      if (resource !== 'nodes' || name === '') throw noSuchResource();
      if (subresource === 'streams') {
        const [id, ...more] = rest;
        if (!options.relays || verb !== 'create') throw upgradeNeeded();
        if (id === undefined || more.length > 0) throw noSuchResource();
        return relay(options.relays, exchange, id);
      }
      if (rest.length > 0) throw noSuchResource();
      if (subresource === 'desired' && verb === 'get') return desired(exchange);
      if (subresource === 'report' && verb === 'create') return report(exchange);
      if (subresource === 'join' && verb === 'create')
        return respondValue(
          201,
          await joiningOf(options).join(exchange.context.user, name, await joinRequest(exchange)),
          exchange.mediaType,
        );
      if (subresource === 'credentials' && verb === 'create')
        return respondValue(
          201,
          await joiningOf(options).renew(exchange.context.user, name, await joinRequest(exchange)),
          exchange.mediaType,
        );
      if (subresource === 'desired' || subresource === 'report')
        throw new StatusError(
          'MethodNotAllowed',
          `${subresource} takes ${subresource === 'desired' ? 'GET' : 'POST'} only`,
          {},
        );
      throw noSuchResource();
    },
    /** The agent dials in for a stream. */
    async upgrade({ info, request }, connection) {
      const [id, ...more] = info.rest;
      if (info.resource !== 'nodes' || info.subresource !== 'streams' || id === undefined || more.length > 0)
        throw noSuchResource();
      if (!options.streams) throw new StatusError('NotImplemented', 'this API server carries no streams');
      await options.streams.accept(info.name, id, request, connection);
      return undefined;
    },
  };
}

/** Throws BadRequest. */
async function joinRequest({ request }: Exchange): Promise<JoinRequest> {
  const body = await readBody(request);
  const value = body.length === 0 ? {} : decodeJson(body);
  if (!isObject(value)) throw badRequest('the body must be a JSON object, or empty');
  // as: its one field is checked where it is used.
  return value as JoinRequest;
}

function joiningOf({ joining }: NodeEndpointOptions): NodeJoining {
  if (joining) return joining;
  throw new StatusError('NotImplemented', 'nodes of this cluster join with a certificate that the cluster signed');
}

function upgradeNeeded(): StatusError {
  return badRequest('a stream needs a WebSocket: send the Upgrade header');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
