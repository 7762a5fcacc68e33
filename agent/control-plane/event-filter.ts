// Keeps a node from writing events without end: of one object a few at once and then one now and then, and those that differ only in their
// words as one. Source: client-go's EventCorrelator, with its limits. Unlike there, what was said before leaves room for what was not: a
// probe that fails each second does not hide that its container is ended.

import { combinedPrefix, type EventReport } from '../../core/node/protocol.ts';

/** At once, of one object. */
const burst = 25;
/** Of those, what is kept for events that were not told before. */
const reserve = 10;
/** After those, one a time. */
const refillMs = 300_000;
/** So many texts of one reason within the time are told apart. */
const maxTexts = 10;
const textsMs = 600_000;
/** Objects that are remembered; those that said nothing for longest are forgotten first. */
const maxObjects = 4096;

interface Told {
  tokens: number;
  /** Unix milliseconds. */
  at: number;
  readonly texts: Map<string, { readonly seen: Set<string>; at: number }>;
}

export interface EventFilter {
  /** The event to send, or undefined: it says nothing that was not said. `now`: Unix milliseconds. */
  admit(event: EventReport, now: number): EventReport | undefined;
}

export function createEventFilter(): EventFilter {
  const objects = new Map<string, Told>();
  return {
    admit(event, now) {
      const { kind, uid } = event.regarding;
      const key = `${kind}/${uid}`;
      const told = objects.get(key) ?? { tokens: burst, at: now, texts: new Map() };
      objects.delete(key);
      objects.set(key, told);
      if (objects.size > maxObjects) for (const oldest of [...objects.keys()].slice(0, 1)) objects.delete(oldest);
      told.tokens = Math.min(burst, told.tokens + Math.max(0, now - told.at) / refillMs);
      told.at = now;
      const news = newsOf(told, event, now);
      if (told.tokens < (news === 'new' ? 1 : 1 + reserve)) return undefined;
      told.tokens -= 1;
      return news === 'combined' ? { ...event, message: `${combinedPrefix}${event.message}` } : event;
    },
  };
}

/** `combined`: one of many texts of its reason. */
function newsOf({ texts }: Told, { type, reason, message }: EventReport, now: number): 'new' | 'repeat' | 'combined' {
  const key = `${type}/${reason}`;
  const known = texts.get(key);
  const like = known && now - known.at <= textsMs ? known : { seen: new Set<string>(), at: now };
  texts.set(key, like);
  like.at = now;
  if (like.seen.has(message)) return 'repeat';
  if (like.seen.size >= maxTexts) return 'combined';
  like.seen.add(message);
  return 'new';
}
