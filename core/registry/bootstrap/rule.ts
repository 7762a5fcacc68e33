// RBAC rules in one line each.

import type { V1PolicyRule } from '../../../generated/kubernetes.ts';

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';

/** Words are separated by spaces; the core group is written `-`. */
export function rule(verbs: string, groups: string, resources: string, names?: string): V1PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map((each) => (each === '-' ? '' : each)),
    resources: words(resources),
    ...(names && { resourceNames: words(names) }),
  };
}

export function urlRule(verbs: string, urls: string): V1PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(urls) };
}

/** Every writer records what it did. */
export const events = rule('create patch update', '- events.k8s.io', 'events');

function words(text: string): string[] {
  return text.split(' ');
}
