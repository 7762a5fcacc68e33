// Protobuf's rows of what is served: of every served kind, of the bodies of its subresources, of metadata, and of all that these name.

import { isMessage, type Published, placeOf } from './read-published.ts';
import type { ResourceRow } from './resources.ts';

/** Messages of meta/v1 that no kind names: discovery, options, and what lists and errors are. */
const documents: readonly string[] = [
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'List',
  'ListMeta',
  'ListOptions',
  'PartialObjectMetadata',
  'PatchOptions',
  'Status',
  'UpdateOptions',
];

/** `apps` and `v1` -> `apps-v1`. */
export function homeOf(group: string, version: string): string {
  return `${group.split('.')[0] || 'core'}-${version}`;
}

/** apiVersion -> message -> its row, as core/api/protobuf/messages.ts reads them. */
export function messageRows(
  rows: readonly ResourceRow[],
  bodies: readonly (readonly [home: string, name: string])[],
  published: Published,
): string {
  const versions = new Map([['meta-v1', 'meta.k8s.io/v1']]);
  for (const { group, version } of rows) versions.set(homeOf(group, version), group ? `${group}/${version}` : version);
  const found = new Map<string, Map<string, string>>();
  const visit = (home: string, name: string): void => {
    const apiVersion = versions.get(home);
    const message = published.find(home, name);
    if (!apiVersion || !message) throw new Error(`nothing is published of ${name} in ${home}`);
    const known = found.get(apiVersion) ?? new Map<string, string>();
    if (known.has(name)) return;
    found.set(apiVersion, known.set(name, message.fields.map(({ text }) => text).join(' ')));
    for (const { type } of message.fields) if (isMessage(type)) visit(...placeOf(type, home));
  };
  for (const name of documents) visit('meta-v1', name);
  for (const { group, version, kind } of rows) visit(homeOf(group, version), kind);
  for (const [home, name] of bodies) visit(home, name);
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = sorted.map(([apiVersion, all]) => [
    apiVersion,
    Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1))),
  ]);
  return `export const messageRows: Readonly<Record<string, Readonly<Record<string, string>>>> = ${JSON.stringify(Object.fromEntries(text), null, 1)};\n`;
}
