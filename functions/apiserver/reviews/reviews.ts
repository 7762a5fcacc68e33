// Resources that are questions, not state: they are answered and never stored. One row a resource.

import { StatusError } from '../../../core/machinery/status.ts';
import type { Target } from '../../../core/registry/registry.ts';
import { mediaTypes } from '../content/negotiate.ts';
import { respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { writeOptions } from '../resources/query-options.ts';
import { bodyKind, readObject } from '../resources/resource-body.ts';
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from './access-reviews.ts';
import type { Review, ReviewParts } from './review.ts';
import { selfSubjectRulesReview } from './rules-review.ts';
import { tokenRequest } from './token-request.ts';
import { selfSubjectReview, tokenReview } from './token-review.ts';

const reviews: Readonly<Record<string, Review>> = {
  'authentication.k8s.io/tokenreviews': tokenReview,
  'authentication.k8s.io/selfsubjectreviews': selfSubjectReview,
  'authorization.k8s.io/subjectaccessreviews': subjectAccessReview,
  'authorization.k8s.io/localsubjectaccessreviews': localSubjectAccessReview,
  'authorization.k8s.io/selfsubjectaccessreviews': selfSubjectAccessReview,
  'authorization.k8s.io/selfsubjectrulesreviews': selfSubjectRulesReview,
  '/serviceaccounts/token': tokenRequest,
};

export interface Reviews {
  /** undefined when the target is no review. */
  answer(exchange: Exchange, target: Target): Promise<ApiResponse> | undefined;
}

export function createReviews(parts: ReviewParts): Reviews {
  const run = async (review: Review, exchange: Exchange, target: Target): Promise<ApiResponse> => {
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
  };
  return {
    answer(exchange, target) {
      if (exchange.info.verb !== 'create') return undefined;
      const { group, resource } = target.definition;
      const review = reviews[`${group}/${resource}${target.subresource ? `/${target.subresource}` : ''}`];
      return review && run(review, exchange, target);
    },
  };
}
