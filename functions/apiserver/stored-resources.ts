// What answers for the resources that are defined, built in or by a CustomResourceDefinition: reviews, and all that is stored.

import { customResourceType } from '../../core/registry/custom-resources.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import { withoutProtobuf } from './content/protobuf.ts';
import type { RequestInfo } from './request-info.ts';
import { deprecationOf } from './resources/deprecation.ts';
import type { Exchange } from './resources/exchange.ts';
import type { RouteParts } from './resources/route.ts';
import { answerResource, targetOf } from './resources/routes.ts';
import type { Responder } from './responder.ts';
import type { Reviews } from './reviews/reviews.ts';
import type { RequestMetrics } from './system/request-metrics.ts';

export interface StoredResourceOptions {
  readonly routes: RouteParts;
  readonly reviews: Reviews;
  readonly metrics: RequestMetrics;
  readonly replicas: Replicas;
}

export function createStoredResources(options: StoredResourceOptions): Responder {
  const { routes, reviews, metrics, replicas } = options;

  /** A custom resource may have been defined by another process a moment ago. */
  const lateDefinition = async (info: RequestInfo) => {
    await replicas.peek(customResourceType)?.catchUp();
    return routes.definitions.find(info.group, info.version, info.resource);
  };

  const warnDeprecated = ({ context, info, definition }: Exchange) => {
    const deprecation = definition && deprecationOf(definition);
    if (!deprecation) return;
    metrics.deprecated(definition, info.subresource);
    context.warnings.push(deprecation);
    if (context.audit) context.audit['k8s.io/deprecated'] = 'true';
  };

  const respond = (exchange: Exchange) => {
    const { mediaType, info, definition } = exchange;
    const target = targetOf(definition, info);
    warnDeprecated(exchange);
    // Of custom resources only the metadata has a protobuf form.
    if (mediaType.encoding === 'protobuf' && definition?.customResource && mediaType.transform === undefined)
      return answerResource(routes, withMediaType(exchange, withoutProtobuf(mediaType)), target);
    return reviews.answer(exchange, target) ?? answerResource(routes, exchange, target);
  };

  return {
    serves: () => true,
    async respond(exchange) {
      if (exchange.definition) return respond(exchange);
      const { request, info, query, mediaType, context, auditRecord } = exchange;
      return respond({ request, info, query, mediaType, context, auditRecord, definition: await lateDefinition(info) });
    },
  };
}

/** Not by `...`: an exchange has getters. */
function withMediaType(exchange: Exchange, mediaType: Exchange['mediaType']) {
  const { request, info, query, context, definition, auditRecord } = exchange;
  return { request, info, query, context, definition, auditRecord, mediaType };
}
