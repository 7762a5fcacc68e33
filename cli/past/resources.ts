// Which path a KIND of the command line has: by the cluster's discovery, as kubectl finds it.

import { UserError } from '../../local/user-error.ts';
import type { ClusterConnection } from '../run/cluster-connection.ts';

export interface ResourcePath {
  readonly kind: string;
  readonly resource: string;
  readonly namespaced: boolean;
  /** `/apis/apps/v1`. */
  readonly base: string;
}

interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
}

interface Groups {
  readonly groups: readonly { readonly name: string; readonly preferredVersion: { readonly groupVersion: string } }[];
}

/** `deploy`, `Deployment`, `deployments`, `deployments.apps`. Rejects with UserError where there is none. */
export async function findResource(cluster: ClusterConnection, kind: string): Promise<ResourcePath> {
  const dot = kind.indexOf('.');
  const [word, group] = dot < 0 ? [kind, undefined] : [kind.slice(0, dot), kind.slice(dot + 1)];
  const { groups } = await cluster.json<Groups>('GET', '/apis');
  const bases = [
    ...(group === undefined ? ['/api/v1'] : []),
    ...groups
      .filter(({ name }) => group === undefined || name === group)
      .map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`),
  ];
  const lists = await Promise.all(
    bases.map(async (base) => {
      // A group whose server is away has no kinds now, and is no reason to find none elsewhere.
      const answer = cluster.json<{ readonly resources: readonly ApiResource[] }>('GET', base, { patienceMs: 5000 });
      const { resources } = await answer.catch(() => ({ resources: [] }));
      return { base, resources };
    }),
  );
  for (const { base, resources } of lists) {
    const found = resources.find((each) => !each.name.includes('/') && isCalled(each, word.toLowerCase()));
    if (found) return { kind: found.kind, resource: found.name, namespaced: found.namespaced, base };
  }
  throw new UserError(`the cluster has no kind ${JSON.stringify(kind)}: \`kubectl api-resources\` lists what there is`);
}

export function pathOf(
  { base, resource, namespaced }: ResourcePath,
  namespace: string | undefined,
  name?: string,
): string {
  const below = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${base}${below}/${resource}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

function isCalled({ name, singularName, kind, shortNames = [] }: ApiResource, word: string): boolean {
  return name === word || singularName === word || kind.toLowerCase() === word || shortNames.includes(word);
}
