// Served resources, folded from the operations: group, version, kind, verbs and subresources of each.

import { ownOr } from '../../machinery/own.ts';
import type { Kind } from '../kind.ts';
import type { Model } from './read-models.ts';
import type { Operation } from './read-operations.ts';

export interface ResourceRow {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  /** The model's id. */
  readonly model: string;
  readonly namespaced: boolean;
  readonly verbs: string[];
  /** Name -> verbs, and the id of the body's model where it has one. */
  readonly subresources: Record<string, { verbs: string[]; model?: string }>;
}

const pattern =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v\w+)\/(?:namespaces\/\{namespace\}\/)?(?<resource>[a-z]+)(?<item>\/\{name\})?(?:\/(?<sub>[a-z]+))?$/;

/** Those of the kinds; the operations of no other resource count. Throws for a kind that the package has no path of. */
export function collectResources(
  operations: readonly Operation[],
  models: ReadonlyMap<string, Model>,
  kinds: readonly Kind[],
): ResourceRow[] {
  const served = new Set(
    kinds.flatMap((each) => each.versions.map((version) => `${each.group}/${version} ${each.kind}`)),
  );
  const rows = new Map<string, ResourceRow>();
  for (const operation of operations) {
    const parts = pattern.exec(operation.path)?.groups;
    if (!parts?.['version'] || !parts['resource']) continue;
    const { group = '', version, resource, item, sub } = parts;
    const namespaced = operation.path.includes('/{namespace}/');
    const key = `${group}/${version}/${resource}`;
    const row = rows.get(key) ?? emptyRow(group, version, resource, namespaced, operations, models);
    if (!row || !served.has(`${group}/${version} ${row.kind}`)) continue;
    rows.set(key, row);
    // A collection over all namespaces adds no verb.
    if (row.namespaced && !namespaced) continue;
    if (sub && !item) continue;
    if (sub) {
      const entry = ownOr(row.subresources, sub, () => ({ verbs: [] }));
      add(entry.verbs, itemVerb(operation.method));
      const model = operation.body ?? operation.answer;
      if (model && model !== 'string' && model !== 'V1DeleteOptions') entry.model ??= model;
    } else if (item) {
      add(row.verbs, itemVerb(operation.method));
    } else {
      for (const verb of collectionVerbs(operation)) add(row.verbs, verb);
    }
  }
  for (const { group, version, kind } of rows.values()) served.delete(`${group}/${version} ${kind}`);
  if (served.size > 0) throw new Error(`the client package has no paths of ${[...served].join(', ')}`);
  const place = ({ resource, group, version }: ResourceRow) => `${resource} ${group} ${version}`;
  const sorted = [...rows.values()].sort((a, b) => compare(place(a), place(b)));
  for (const row of sorted) {
    row.verbs.sort();
    for (const sub of Object.values(row.subresources)) sub.verbs.sort();
  }
  return sorted;
}

function emptyRow(
  group: string,
  version: string,
  resource: string,
  namespaced: boolean,
  operations: readonly Operation[],
  models: ReadonlyMap<string, Model>,
): ResourceRow | undefined {
  const base = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const collection = namespaced ? `${base}/namespaces/{namespace}/${resource}` : `${base}/${resource}`;
  const own = operations.filter((each) => each.path === collection || each.path === `${collection}/{name}`);
  const model =
    own.find((each) => each.method === 'POST' && each.body)?.body ??
    own.find((each) => each.path.endsWith('{name}') && each.method === 'GET')?.answer;
  if (!model || !models.has(model)) return undefined;
  return { group, version, resource, kind: kindOf(model), model, namespaced, verbs: [], subresources: {} };
}

/** The operations that are on no resource, or on a served one. */
export function servedOperations(operations: readonly Operation[], rows: readonly ResourceRow[]): Operation[] {
  const served = new Set(rows.map(({ group, version, resource }) => `${group}/${version}/${resource}`));
  return operations.filter(({ path }) => {
    const parts = pattern.exec(path)?.groups;
    return !parts || served.has(`${parts['group'] ?? ''}/${parts['version']}/${parts['resource']}`);
  });
}

/** `V1Pod` -> `Pod`, `CoreV1Event` -> `Event`. */
export function kindOf(model: string): string {
  return model.replace(/^(?:[A-Z][a-z]+)?V\d+(?:(?:alpha|beta)\d+)?/, '');
}

function itemVerb(method: Operation['method']): string {
  return { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method];
}

function collectionVerbs({ method }: Operation): string[] {
  if (method === 'GET') return ['list', 'watch'];
  return method === 'DELETE' ? ['deletecollection'] : ['create'];
}

function add(list: string[], verb: string): void {
  if (!list.includes(verb)) list.push(verb);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
