import { expect, it } from 'vitest';
import { otherObject } from './storage-conflict.ts';

it.each<[string, string, string | undefined, { namespace?: string; name: string }, string]>([
  ['', 'pods', undefined, { namespace: 'n', name: 'p' }, '/registry/pods/n/p'],
  ['', 'services', undefined, { namespace: 'n', name: 's' }, '/registry/services/specs/n/s'],
  ['', 'nodes', undefined, { name: 'm' }, '/registry/minions/m'],
  ['apps', 'deployments', undefined, { namespace: 'n', name: 'd' }, '/registry/deployments/n/d'],
  ['x.example.com', 'ws', 'ws.x.example.com', { namespace: 'n', name: 'w' }, '/registry/x.example.com/ws/n/w'],
])('another object of %s %s', (group, resource, customResource, at, key) => {
  const definition = { group, resource, ...(customResource && { customResource }) };
  expect(otherObject(definition, at, 'a', 'b')).toBe(
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: a, UID in object meta: b`,
  );
});
