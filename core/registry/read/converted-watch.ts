// A watch in another version than the stored one: each event's object is converted as it is drained.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { Watch, WatchEvent } from '../../replica/replica.ts';
import type { Environment } from '../environment.ts';
import { convertedEntry } from '../versions.ts';

export function convertedWatch(env: Environment, definition: ResourceDefinition, watch: Watch): Watch {
  return {
    drain: () => watch.drain().map((event) => convertedEvent(env, definition, event)),
    get revision() {
      return watch.revision;
    },
    get ended() {
      return watch.ended;
    },
    get onReady() {
      return watch.onReady;
    },
    set onReady(callback) {
      watch.onReady = callback;
    },
    close: () => watch.close(),
  };
}

function convertedEvent(env: Environment, definition: ResourceDefinition, event: WatchEvent): WatchEvent {
  const entry = convertedEntry(env, definition, event.entry);
  const line = Buffer.concat([Buffer.from(`{"type":"${event.type}","object":`), entry.bytes, Buffer.from('}\n')]);
  return { type: event.type, revision: event.revision, entry, line };
}
