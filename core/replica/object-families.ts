// How many objects there are of each type, from the replicas that this process holds anyway.

import type { Definitions } from '../api/definition.ts';
import { type Family, labelsOf } from '../metrics/family.ts';
import type { Replicas } from './replica.ts';

export function objectFamilies(definitions: Pick<Definitions, 'all'>, replicas: Pick<Replicas, 'peek'>): Family[] {
  const counts = new Map<string, { group: string; resource: string; value: number }>();
  for (const { type, group, resource } of definitions.all()) {
    const size = replicas.peek(type)?.size;
    if (size !== undefined) counts.set(type, { group, resource, value: size });
  }
  const all = [...counts.values()];
  const help = 'Objects that are stored';
  return [
    {
      name: 'apiserver_resource_objects',
      help: `${help}.`,
      type: 'gauge',
      series: all.map(({ group, resource, value }) => ({ labels: labelsOf({ group, resource }), value })),
    },
    {
      name: 'apiserver_storage_objects',
      help: `${help}; apiserver_resource_objects has the same with the group apart.`,
      type: 'gauge',
      series: all.map(({ group, resource, value }) => ({
        labels: labelsOf({ resource: group === '' ? resource : `${resource}.${group}` }),
        value,
      })),
    },
  ];
}
