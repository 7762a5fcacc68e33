// core/v1 and events.k8s.io/v1 events are one stored object with two sets of names. Source: KEP-383.

import type { KubeObject } from '../../../machinery/object.ts';
import { setOwn } from '../../../machinery/own.ts';

const names: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

const toCore = new Map(names.map(([core, events]) => [events, core]));
const fromCore = new Map(names);

export const conversion = {
  toStorage: (object: KubeObject): KubeObject => renamed(object, toCore, 'v1'),
  fromStorage: (object: KubeObject): KubeObject => renamed(object, fromCore, 'events.k8s.io/v1'),
};

function renamed(object: KubeObject, to: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const result: KubeObject = { metadata: object.metadata };
  for (const [field, value] of Object.entries(object)) setOwn(result, to.get(field) ?? field, value);
  if (object.apiVersion !== undefined) result.apiVersion = apiVersion;
  return result;
}
