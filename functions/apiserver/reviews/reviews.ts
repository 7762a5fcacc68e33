// Resources that are questions, not state: they are answered and never stored. One row a resource, loaded for its first question.

import type { Target } from '../../../core/registry/registry.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import type { Review, ReviewParts } from './review.ts';

const access = () => import('./access-reviews.ts');
const tokens = () => import('./token-review.ts');

const reviews: ReadonlyMap<string, () => Promise<Review>> = new Map([
  ['authentication.k8s.io/tokenreviews', async () => (await tokens()).tokenReview],
  ['authentication.k8s.io/selfsubjectreviews', async () => (await tokens()).selfSubjectReview],
  ['authorization.k8s.io/subjectaccessreviews', async () => (await access()).subjectAccessReview],
  ['authorization.k8s.io/localsubjectaccessreviews', async () => (await access()).localSubjectAccessReview],
  ['authorization.k8s.io/selfsubjectaccessreviews', async () => (await access()).selfSubjectAccessReview],
  [
    'authorization.k8s.io/selfsubjectrulesreviews',
    async () => (await import('./rules-review.ts')).selfSubjectRulesReview,
  ],
  ['/serviceaccounts/token', async () => (await import('./token-request.ts')).tokenRequest],
]);

export interface Reviews {
  /** undefined when the target is no review. */
  answer(exchange: Exchange, target: Target): Promise<ApiResponse> | undefined;
}

export function createReviews(parts: ReviewParts): Reviews {
  const run = async (load: () => Promise<Review>, exchange: Exchange, target: Target): Promise<ApiResponse> => {
    const [review, { runReview }] = await Promise.all([load(), import('./run-review.ts')]);
    return runReview(parts, review, exchange, target);
  };
  return {
    answer(exchange, target) {
      if (exchange.info.verb !== 'create') return undefined;
      const { group, resource } = target.definition;
      const load = reviews.get(`${group}/${resource}${target.subresource ? `/${target.subresource}` : ''}`);
      return load && run(load, exchange, target);
    },
  };
}
