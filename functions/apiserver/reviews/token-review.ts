// Who is this? TokenReview tells of a bearer token, SelfSubjectReview of the asker. Source: authentication.k8s.io/v1.

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { badRequest } from '../../../core/machinery/status.ts';
import type { Review } from './review.ts';

export const tokenReview: Review = async ({ authenticator }, _exchange, object) => {
  const { token = '', audiences = [] } = (object['spec'] ?? {}) as { token?: string; audiences?: string[] };
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const identity = await authenticator.identify(token, audiences);
  return {
    ...object,
    status: identity
      ? { authenticated: true, user: userJson(identity.user), audiences: [...identity.audiences] }
      : { user: {}, error: refusal(audiences) },
  };
};

function refusal(audiences: readonly string[]): string {
  if (audiences.length === 0) return 'the token is not valid here';
  return `the token is not valid here, or not for one of the audiences ${JSON.stringify(audiences)}`;
}

export const selfSubjectReview: Review = async ({ now }, { context }, object) => ({
  ...object,
  metadata: {
    ...object.metadata,
    creationTimestamp: now()
      .toISOString()
      .replace(/\.\d{3}Z$/, 'Z'),
  },
  status: { userInfo: userJson(context.user) },
});

function userJson({ username, uid, groups, extra }: UserInfo) {
  return { username, ...(uid !== undefined && { uid }), groups: [...groups], ...(extra && { extra }) };
}
