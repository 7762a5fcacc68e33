// The past of an object, as the API server tells it (docs/history.md).

import { ApiError } from '../../agent/api-client/api-client.ts';
import { UserError } from '../../local/user-error.ts';
import type { ClusterConnection } from '../run/cluster-connection.ts';
import { pathOf, type ResourcePath } from './resources.ts';

export interface Actor {
  readonly user: string;
  readonly impersonatedBy?: string;
  readonly verb: string;
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly userAgent?: string;
  readonly sourceIP?: string;
  readonly auditID?: string;
}

export interface Change {
  readonly revision: string;
  readonly time?: string;
  readonly operation: 'create' | 'update' | 'delete';
  readonly by?: Actor;
  readonly object: unknown;
}

/** Of one object. */
export interface ObjectPath {
  readonly type: ResourcePath;
  readonly namespace: string;
  readonly name: string;
}

interface ChangesPage {
  readonly kind: string;
  readonly metadata: { readonly continue?: string };
  readonly complete: boolean;
  readonly items: readonly Change[];
}

export interface Changes {
  /** The newest first. */
  readonly items: readonly Change[];
  /** The last item created the object; else there are older ones, or the log no longer has them. */
  readonly complete: boolean;
  readonly more: boolean;
}

/** The newest changes, at most so many. `until`: enough where it holds for the items that there are. */
export async function readChanges(
  cluster: ClusterConnection,
  { type, namespace, name }: ObjectPath,
  limit: number,
  until: (items: readonly Change[]) => boolean = () => false,
): Promise<Changes> {
  const items: Change[] = [];
  let token: string | undefined;
  for (;;) {
    const query = new URLSearchParams({ history: 'changes', limit: String(Math.min(100, limit - items.length)) });
    if (token !== undefined) query.set('continue', token);
    const page = await cluster.json<ChangesPage>('GET', `${pathOf(type, namespace, name)}?${query}`);
    if (page.kind !== 'ObjectHistory') throw tooOld();
    items.push(...page.items);
    token = page.metadata.continue;
    if (token === undefined || items.length >= limit || until(items))
      return { items, complete: page.complete, more: token !== undefined };
  }
}

/** An object, or a list of them. */
export interface State {
  readonly [field: string]: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly items?: readonly State[];
}

/** What an object was at a time (RFC 3339) or a revision; of a type: what there was at a time. */
export async function readState(
  cluster: ClusterConnection,
  type: ResourcePath,
  namespace: string | undefined,
  name: string | undefined,
  at: string,
): Promise<State> {
  const path = pathOf(type, namespace, name);
  const query = new URLSearchParams({ history: 'state', at });
  if (name !== undefined) return await cluster.json('GET', `${path}?${query}`);
  const items: State[] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    if (token !== '') query.set('continue', token);
    const page: { readonly metadata: { readonly continue?: string }; readonly items: readonly State[] } =
      await cluster.json('GET', `${path}?${query}`);
    items.push(...page.items);
    token = page.metadata.continue;
  }
  return { apiVersion: 'v1', kind: 'List', items };
}

/** undefined where it is not there. */
export async function readPresent(cluster: ClusterConnection, { type, namespace, name }: ObjectPath): Promise<unknown> {
  try {
    return await cluster.json('GET', pathOf(type, namespace, name));
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

function tooOld(): UserError {
  return new UserError('this cluster does not tell the past of its objects: upgrade it first');
}
