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
/** Unit separator: what is said of a writer has no control characters. */
const separator = '\x1f';
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function encodeActor(actor: Actor): string {
  const { user, impersonatedBy = '', verb, subresource = '', fieldManager = '', userAgent = '' } = actor;
  const agent = shortAgents.of(userAgent);
  const told = fieldManager === user || (agent.startsWith(fieldManager) && agent[fieldManager.length] === '/');
  const fields = [
    shortId(actor.auditID ?? ''),
    clean(actor.sourceIP ?? '', longestAgent),
    agent,
    told ? '' : clean(fieldManager, longestName),
    clean(subresource, longestName),
    impersonatedBy === '' ? '' : shortNames.of(impersonatedBy),
  ];
  let text = (letters.get(verb) ?? 'u') + shortNames.of(user);
  const end = fields.findLastIndex((each) => each !== '');
  for (let i = 0; i <= end; i++) text += separator + fields[i];
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
    ...(id && { auditID: longId(id) }),
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
    ...(fieldManager !== undefined && { fieldManager }),
    ...(origin && {
      impersonatedBy: origin.impersonatedBy ?? '',
      userAgent: origin.userAgent ?? '',
      sourceIP: origin.sourceIP ?? '',
      auditID: origin.auditID,
    }),
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

const idBytes = Buffer.alloc(16);

/** Most are UUIDs: 22 characters instead of 36. */
function shortId(id: string): string {
  if (!uuid.test(id)) return id && `"${clean(id, 64)}`;
  idBytes.write(id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24), 'hex');
  return idBytes.toString('base64url');
}

function longId(id: string): string {
  if (id[0] === '"') return id.slice(1);
  const hex = Buffer.from(id, 'base64url').toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function firstWord(agent: string): string {
  const space = agent.indexOf(' ');
  return space < 0 ? agent : agent.slice(0, space);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const control = /[\x00-\x1f\x7f]/;

function clean(text: string, longest: number): string {
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…`.toWellFormed() : text;
  return control.test(short) ? short.replace(/[\p{Cc}]/gu, '?') : short;
}
