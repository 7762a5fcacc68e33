// One question answered: read and admitted as an object is, and never stored.

import { StatusError } from '../../../core/machinery/status.ts';
import type { Target } from '../../../core/registry/registry.ts';
import { mediaTypes } from '../content/negotiate.ts';
import { respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { writeOptions } from '../resources/query-options.ts';
import { bodyKind, readObject } from '../resources/resource-body.ts';
import type { Review, ReviewParts } from './review.ts';

export async function runReview(
  parts: ReviewParts,
  review: Review,
  exchange: Exchange,
  target: Target,
): Promise<ApiResponse> {
  // Nothing of a review is stored: there is no metadata of it to show, and no table.
  if (exchange.mediaType.transform)
    throw new StatusError(
      'NotAcceptable',
      `only the following media types are accepted: ${Object.values(mediaTypes).join(', ')}`,
    );
  const kind = bodyKind(target.definition, target.subresource ?? '');
  const object = await readObject(exchange.request, exchange.context, kind, 'Warn');
  const { dryRun = false } = writeOptions(exchange.request, exchange.query, 'Create');
  // From here on its fields have the types that its kind says.
  const admitted = await parts.registry.admit(exchange.context, target, 'CREATE', object, {
    dryRun,
    fieldValidation: 'Warn',
  });
  return respondValue(201, await review(parts, exchange, admitted, target), exchange.mediaType);
}
