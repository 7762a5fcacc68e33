// Asks the API for a service account token that is bound to a pod. Source: authentication.k8s.io/v1, TokenRequest.

import type { ApiClient } from '../api-client/api-client.ts';
import { ApiError, UnreachableError } from '../api-client/api-client.ts';
import type { RequestToken } from './tokens.ts';
import { VolumeError } from './volume-error.ts';

export function requestToken(api: ApiClient): RequestToken {
  return async (pod, audience, expirationSeconds) => {
    const { namespace, name, uid } = pod.metadata;
    const account = pod.spec.serviceAccountName || 'default';
    try {
      const { status } = await api.json<{ status: { token: string; expirationTimestamp: string } }>(
        'POST',
        `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
        {
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {
              audiences: audience ? [audience] : [],
              expirationSeconds,
              boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
            },
          },
        },
      );
      return { token: status.token, expiresAt: Date.parse(status.expirationTimestamp) };
    } catch (error) {
      if (error instanceof ApiError || error instanceof UnreachableError)
        throw new VolumeError(`failed to fetch token of serviceaccount "${account}": ${error.message}`);
      throw error;
    }
  };
}
