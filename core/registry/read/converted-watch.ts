// A watch in another version than the stored one: each event's object is converted on its way, and the order stays.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { ReadEnvironment } from '../../kinds/environment.ts';
import type { Entry, Watch, WatchEvent } from '../../replica/replica.ts';
import { convertedEntry } from '../versions.ts';

export function convertedWatch(env: ReadEnvironment, definition: ResourceDefinition, watch: Watch): Watch {
  let onReady: (() => void) | undefined;
  let converted: WatchEvent[] = [];
  /** The revision up to which everything is in `converted` or was drained. */
  let revision = watch.revision;
  let failed = false;
  /** Conversions that wait for a webhook run one behind the other. */
  let running: Promise<void> | undefined;

  /** Takes what the watch has, at once where no conversion has to wait. */
  const take = () => {
    if (running || failed) return;
    const events = watch.drain();
    const upTo = watch.revision;
    for (const [index, event] of events.entries()) {
      const entry = convertedEntry(env, definition, event.entry);
      if (!(entry instanceof Promise)) {
        converted.push(entry === event.entry ? event : withEntry(event, entry));
        continue;
      }
      running = wait(events.slice(index), upTo).finally(() => {
        running = undefined;
        onReady?.();
      });
      return;
    }
    revision = upTo;
  };
  const wait = async (events: readonly WatchEvent[], upTo: number) => {
    try {
      for (const event of events) {
        const entry = await convertedEntry(env, definition, event.entry);
        converted.push(entry === event.entry ? event : withEntry(event, entry));
      }
      revision = upTo;
    } catch {
      // The client starts again with a list, whose answer says what fails.
      failed = true;
    }
  };
  return {
    drain() {
      take();
      const events = converted;
      converted = [];
      return events;
    },
    get revision() {
      return running || failed ? revision : Math.max(revision, watch.revision);
    },
    get ended() {
      return watch.ended ?? (failed ? 'closed' : undefined);
    },
    get onReady() {
      return onReady;
    },
    set onReady(callback) {
      onReady = callback;
      watch.onReady = callback;
    },
    close: () => watch.close(),
  };
}

/** The event with its line, of this entry. */
export function withEntry(event: WatchEvent, entry: Entry): WatchEvent {
  const line = Buffer.concat([Buffer.from(`{"type":"${event.type}","object":`), entry.bytes, Buffer.from('}\n')]);
  return { type: event.type, revision: event.revision, entry, line };
}
