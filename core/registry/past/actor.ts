// Who wrote an entry of the log, as short text that goes in with the entry: one character for the verb, then fields that are left out where
// they are empty. DynamoDB charges for it by the kilobyte, so what most names begin with is one character.

import type { RequestContext, Target } from '../registry.ts';

export interface Actor {
  readonly user: string;
  /** Who asked as `user`. */
  readonly impersonatedBy?: string;
  readonly verb: Verb;
  readonly subresource?: string;
  /** Absent where it is the name of the client or of the user. */
  readonly fieldManager?: string;
  /** Without the client's system and build. */
  readonly userAgent?: string;
  /** Of the connection: what a client says of itself is not in it. Absent for parts of the control plane. */
  readonly sourceIP?: string;
  /** Of the request, as audit logs have it. */
  readonly auditID?: string;
}

const verbs = {
  c: 'create',
  u: 'update',
  p: 'patch',
  a: 'apply',
  d: 'delete',
  D: 'deletecollection',
} as const;

export type Verb = (typeof verbs)[keyof typeof verbs];

const letters = new Map<string, string>(Object.entries(verbs).map(([letter, verb]) => [verb, letter]));

/** Longer ones first. */
const beginnings = [
  ['~', 'system:serviceaccount:kube-system:'],
  ['^', 'system:serviceaccount:'],
  ['!', 'system:node:'],
  ['%', 'system:'],
] as const;

/** What is sent does not grow the log without bound. */
const longestName = 128;
const longestAgent = 48;
const longestId = 64;
/** Unit separator: what is said of a writer has no control characters. */
const separator = '\x1f';

/** With every write: fields are put together one by one, since a list of them costs as much as the rest. */
export function encodeActor(actor: Actor): string {
  const { user, impersonatedBy = '', verb, subresource = '', fieldManager = '', userAgent = '' } = actor;
  const agent = userAgent === '' ? '' : shortAgents.of(userAgent);
  const told =
    fieldManager === '' ||
    fieldManager === user ||
    (agent.startsWith(fieldManager) && agent[fieldManager.length] === '/');
  let text = (letters.get(verb) ?? 'u') + shortNames.of(user);
  let empty = separator;
  const add = (field: string) => {
    if (field === '') empty += separator;
    else {
      text += empty + field;
      empty = separator;
    }
  };
  add(clean(actor.auditID ?? '', longestId));
  add(clean(actor.sourceIP ?? '', longestAgent));
  add(agent);
  add(told ? '' : clean(fieldManager, longestName));
  add(clean(subresource, longestName));
  add(impersonatedBy === '' ? '' : shortNames.of(impersonatedBy));
  return text;
}

/** What is made of the same few texts with every write. */
class Known {
  readonly #made = new Map<string, string>();
  readonly #make: (text: string) => string;

  constructor(make: (text: string) => string) {
    this.#make = make;
  }

  of(text: string): string {
    let made = this.#made.get(text);
    if (made === undefined) {
      made = this.#make(text);
      if (this.#made.size >= mostKnown) this.#made.clear();
      // What is long is seldom, and would be kept for nothing.
      if (text.length <= longestKnown) this.#made.set(text, made);
    }
    return made;
  }
}

const mostKnown = 512;
const longestKnown = 256;

/** undefined: no version that we know wrote it. */
export function decodeActor(text: string): Actor | undefined {
  const verb = new Map<string, Verb>(Object.entries(verbs)).get(text[0] ?? '');
  if (!verb) return undefined;
  const [user = '', id, sourceIP, userAgent, fieldManager, subresource, impersonatedBy] = text
    .slice(1)
    .split(separator);
  return {
    user: longName(user),
    ...(impersonatedBy && { impersonatedBy: longName(impersonatedBy) }),
    verb,
    ...(subresource && { subresource }),
    ...(fieldManager && { fieldManager }),
    ...(userAgent && { userAgent }),
    ...(sourceIP && { sourceIP }),
    ...(id && { auditID: id }),
  };
}

/** Whose write this is. `verb`: what it does, where the request is about something else or there is none. */
export function writtenBy(
  { user, origin }: RequestContext,
  target: Target,
  verb: Verb,
  fieldManager: string | undefined,
): string {
  const own = origin?.resource === target.definition.resource && origin.group === target.definition.group;
  const asked = own && letters.has(origin.verb) && verb !== 'apply' ? (origin.verb as Verb) : verb;
  return encodeActor({
    user: user.username,
    verb: asked,
    subresource: (own && origin.subresource) || target.subresource || '',
    fieldManager: fieldManager ?? '',
    impersonatedBy: origin?.impersonatedBy ?? '',
    userAgent: origin?.userAgent ?? '',
    sourceIP: origin?.sourceIP ?? '',
    auditID: origin?.auditID ?? '',
  });
}

function shortName(name: string): string {
  const cleaned = clean(name, longestName);
  for (const [short, long] of beginnings) if (cleaned.startsWith(long)) return short + cleaned.slice(long.length);
  const first = cleaned[0] ?? '';
  return first === '"' || beginnings.some(([short]) => short === first) ? `"${cleaned}` : cleaned;
}

const shortNames = new Known(shortName);
const shortAgents = new Known((agent) => clean(firstWord(agent), longestAgent));

function longName(name: string): string {
  if (name[0] === '"') return name.slice(1);
  const found = beginnings.find(([short]) => short === name[0]);
  return found ? found[1] + name.slice(1) : name;
}

function firstWord(agent: string): string {
  const space = agent.indexOf(' ');
  return space < 0 ? agent : agent.slice(0, space);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const control = /[\x00-\x1f\x7f]/;

function clean(text: string, longest: number): string {
  if (text === '') return text;
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…`.toWellFormed() : text;
  return control.test(short) ? short.replace(/[\p{Cc}]/gu, '?') : short;
}
