// Who is this? TokenReview tells of a bearer token, SelfSubjectReview of the asker. Source: authentication.k8s.io/v1.

import type { UserInfo } from '../../../core/registry/registry.ts';
import type { Review } from './reviews.ts';

export const tokenReview: Review = async ({ authenticator }, _exchange, object) => {
  const { token = '', audiences = [] } = (object['spec'] ?? {}) as { token?: string; audiences?: string[] };
  const identity = token === '' ? undefined : await authenticator.identify(token, audiences);
  return {
    ...object,
    status: identity
      ? { authenticated: true, user: userJson(identity.user), audiences: [...identity.audiences] }
      : { user: {}, error: token === '' ? 'no token was given' : 'the token is not valid here' },
  };
};

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
