// The authorizers in the order in which they are asked, and the paths that need no permission.

import { type Attributes, type Authorizer, type Decision, mastersGroup } from './authorizer.ts';

const allowMasters: Decision = { effect: 'allow', reason: 'member of system:masters' };
const allowPath: Decision = { effect: 'allow', reason: 'open to all' };

// kube-apiserver --authorization-always-allow-paths, and /version, which Kubernetes opens by a default role.
const openPaths = new Set(['/healthz', '/livez', '/readyz', '/version']);

/** The first that does not pass decides. */
export function chain(authorizers: readonly Authorizer[]): Authorizer {
  /** Those that are left are asked. `reasons`: of those before. */
  const ask = (
    attributes: Attributes,
    left: readonly Authorizer[],
    reasons: string[],
  ): Decision | Promise<Decision> => {
    for (const [at, authorizer] of left.entries()) {
      const decision = authorizer.authorize(attributes);
      if (decision instanceof Promise)
        return decision.then((made) => final(made, reasons) ?? ask(attributes, left.slice(at + 1), reasons));
      const decided = final(decision, reasons);
      if (decided) return decided;
    }
    // Who had no opinion may still know what would have been allowed.
    return { effect: 'pass', reason: reasons.join('\n') };
  };
  return {
    authorize(attributes) {
      if (attributes.user.groups.includes(mastersGroup)) return allowMasters;
      if (!attributes.isResource && isOpen(attributes)) return allowPath;
      return ask(attributes, authorizers, []);
    },
  };
}

/** undefined: it passed. */
function final(decision: Decision, reasons: string[]): Decision | undefined {
  if (decision.effect !== 'pass') return decision;
  if (decision.reason !== '') reasons.push(decision.reason);
  return undefined;
}

function isOpen({ path, verb }: Attributes): boolean {
  return verb === 'get' && openPaths.has(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
}
