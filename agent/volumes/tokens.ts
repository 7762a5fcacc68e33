// Service account tokens for projected volumes, asked of the API with TokenRequest and renewed before they end.

import type { Pod } from '../pod/pod.ts';

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** One TokenRequest, bound to the pod. */
export type RequestToken = (pod: Pod, audience: string | undefined, expirationSeconds: number) => Promise<IssuedToken>;

export interface TokenSource {
  /** The token that is in use, or a new one when 80% of its life or a day have passed. */
  token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string>;
  forget(podUid: string): void;
}

export function createTokenSource(request: RequestToken, now: () => number): TokenSource {
  const held = new Map<string, Map<string, { token: string; renewAt: number; expiresAt: number }>>();
  return {
    token: async (pod, audience, expirationSeconds) => {
      const tokens = held.get(pod.metadata.uid) ?? new Map();
      held.set(pod.metadata.uid, tokens);
      const key = `${audience ?? ''}\n${expirationSeconds}`;
      const current = tokens.get(key);
      if (current && now() < current.renewAt) return current.token;
      try {
        const issued = await request(pod, audience, expirationSeconds);
        const life = Math.min((issued.expiresAt - now()) * 0.8, 24 * 3_600_000);
        tokens.set(key, { ...issued, renewAt: now() + life });
        return issued.token;
      } catch (error) {
        // A token that still works is better than none while the control plane is away.
        if (current && now() < current.expiresAt) return current.token;
        throw error;
      }
    },
    forget: (podUid) => {
      held.delete(podUid);
    },
  };
}
