// The authorization checks that expressions of one write ask for. Each is answered once, whoever asks it.

import type { Attributes as Access, Authorizer } from '../../../authorization/authorizer.ts';
import { accessSelectors } from '../../../authorization/selectors.ts';
import type { UserInfo } from '../../../authorization/user-info.ts';
import type { CelAccess, CelDecide, CelDecision } from '../../../cel/libraries/authorizer.ts';
import type { Environment } from '../../../kinds/environment.ts';
import { errorText } from '../../../machinery/error-text.ts';
import type { Attributes } from '../plugin.ts';

export interface AuthorizationChecks {
  readonly decide: CelDecide;
  /** Answers what was asked since the last call. False when nothing was: what ran before is then final. */
  settle(): Promise<boolean>;
}

const known = new WeakMap<Attributes, AuthorizationChecks>();

/** Of one write; for the user who makes it. */
export function authorizationChecksOf(env: Environment, attributes: Attributes): AuthorizationChecks {
  let checks = known.get(attributes);
  if (!checks) {
    checks = createChecks(env, attributes);
    known.set(attributes, checks);
  }
  return checks;
}

function createChecks(env: Environment, { context }: Attributes): AuthorizationChecks {
  const answers = new Map<string, CelDecision>();
  const asked = new Map<string, CelAccess>();
  return {
    decide(access) {
      const key = JSON.stringify(access);
      const answer = answers.get(key);
      if (!answer) asked.set(key, access);
      return answer;
    },
    async settle() {
      if (asked.size === 0) return false;
      const pending = [...asked];
      asked.clear();
      for (const [key, access] of pending)
        answers.set(
          key,
          await answerOf(async () => context.authorizer ?? (await env.rbac()).authorizer, context.user, access),
        );
      return true;
    },
  };
}

async function answerOf(
  authorizer: () => Promise<Authorizer>,
  user: UserInfo,
  access: CelAccess,
): Promise<CelDecision> {
  try {
    const { effect, reason } = await (await authorizer()).authorize(attributesOf(user, access));
    return { allowed: effect === 'allow', reason, error: '' };
  } catch (error) {
    // An expression may ask whether a check failed, and say what then is to be done.
    return { allowed: false, reason: '', error: errorText(error) };
  }
}

function attributesOf(user: UserInfo, { serviceAccount, verb, ...access }: CelAccess): Access {
  const { isResource, path, group, resource, subresource, namespace, name } = access;
  return {
    user: serviceAccount ? userOf(serviceAccount) : user,
    verb,
    isResource,
    version: isResource ? '*' : '',
    ...{ path, group, resource, subresource, namespace, name },
    ...accessSelectors(access),
  };
}

function userOf({ namespace, name }: { namespace: string; name: string }): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  };
}
