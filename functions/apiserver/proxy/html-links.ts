// Links in HTML that a proxied server wrote, changed on their way: nothing else of the page changes, in whatever encoding of ASCII's family
// it is, and no more of it is held than one tag. Source: HTML "attributes" (which hold URLs), Kubernetes' proxy of Services and pods.

type Rewrite = (url: string) => string;

/** A longer one passes as it is. */
const maxTag = 16 * 1024;

export async function* rewriteLinks(page: AsyncIterable<Uint8Array>, rewrite: Rewrite): AsyncGenerator<Uint8Array> {
  let state: State = { text: '', until: undefined };
  for await (const chunk of page) {
    // One character a byte: what is not changed is the same bytes again.
    state.text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    const [done, next] = step(state, rewrite);
    state = next;
    if (done !== '') yield Buffer.from(done, 'latin1');
  }
  if (state.text !== '') yield Buffer.from(state.text, 'latin1');
}

interface State {
  /** What has to wait for more. */
  text: string;
  /** Inside a comment or a text without tags: what ends it. */
  readonly until: RegExp | undefined;
}

function step({ text, until }: State, rewrite: Rewrite): [done: string, next: State] {
  let done = '';
  let at = 0;
  let end = until;
  const rest = (): State => ({ text: text.slice(at), until: end });
  for (;;) {
    if (end !== undefined) {
      // From where it begins, not through all that is left: a page may have nothing but comments.
      end.lastIndex = at;
      const found = end.exec(text)?.index ?? -1;
      // Its end may begin in this chunk.
      const upTo = found < 0 ? Math.max(at, text.length - longestEnd) : found;
      done += text.slice(at, upTo);
      at = upTo;
      if (found < 0) return [done, rest()];
      end = undefined;
    }
    const open = text.indexOf('<', at);
    if (open < 0) return [done + text.slice(at), { text: '', until: undefined }];
    done += text.slice(at, open);
    at = open;
    if (text.length - open < 4 && '<!--'.startsWith(text.slice(open))) return [done, rest()];
    if (text.startsWith('<!--', open)) {
      done += '<!--';
      at = open + 4;
      end = commentEnd;
      continue;
    }
    const tag = readTag(text, open);
    if (tag === 'none') {
      done += '<';
      at = open + 1;
    } else if (tag === 'unfinished') {
      if (text.length - open <= maxTag) return [done, rest()];
      done += text.slice(open);
      return [done, { text: '', until: undefined }];
    } else {
      done += changed(text, open, tag, rewrite);
      at = tag.end;
      end = rawTexts.get(tag.name);
    }
  }
}

interface Tag {
  readonly name: string;
  readonly end: number;
  /** Of the values that are URLs, without their quotes. */
  readonly urls: readonly (readonly [start: number, end: number])[];
}

const tagName = /<([a-zA-Z][^\s/>]*)/y;
const between = /[\s/]*/y;
const attributeName = /[^\s/>=]+/y;
const equals = /\s*=\s*/y;
const bareValue = /[^\s>]*/y;

/** The start tag at `open`. Each character is looked at a bounded number of times, whatever stands there. */
function readTag(text: string, open: number): Tag | 'none' | 'unfinished' {
  const match = (pattern: RegExp, at: number): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const begin = match(tagName, open);
  if (begin === undefined) return open + 1 < text.length ? 'none' : 'unfinished';
  const name = begin.slice(1).toLowerCase();
  const holders = urlAttributes.get(name);
  const urls: [number, number][] = [];
  let at = open + begin.length;
  while (at < text.length) {
    at += match(between, at)?.length ?? 0;
    if (at >= text.length) break;
    if (text[at] === '>') return { name, end: at + 1, urls };
    const attribute = match(attributeName, at) ?? text.charAt(at);
    at += attribute.length;
    const sign = match(equals, at);
    if (sign === undefined) continue;
    at += sign.length;
    const quote = text[at] === '"' || text[at] === "'" ? text.charAt(at) : '';
    const start = at + quote.length;
    const end = quote ? text.indexOf(quote, start) : start + (match(bareValue, start)?.length ?? 0);
    if (end < 0) return 'unfinished';
    if (holders?.has(attribute.toLowerCase())) urls.push([start, end]);
    at = end + quote.length;
  }
  return 'unfinished';
}

function changed(text: string, start: number, { end, urls }: Tag, rewrite: Rewrite): string {
  let result = '';
  let at = start;
  for (const [from, to] of urls) {
    result += text.slice(at, from) + rewrite(text.slice(from, to));
    at = to;
  }
  return result + text.slice(at, end);
}

const commentEnd = /-->/g;

/** Elements whose content is text, whatever it looks like, with what ends it. */
const rawTexts: ReadonlyMap<string, RegExp> = new Map([
  ['script', /<\/script/gi],
  ['style', /<\/style/gi],
  ['textarea', /<\/textarea/gi],
  ['title', /<\/title/gi],
  ['xmp', /<\/xmp/gi],
]);

/** In characters, without the last one. */
const longestEnd = '</textarea'.length - 1;

const urlAttributes: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    a: 'href',
    applet: 'codebase',
    area: 'href',
    audio: 'src',
    base: 'href',
    blockquote: 'cite',
    body: 'background',
    button: 'formaction',
    command: 'icon',
    del: 'cite',
    embed: 'src',
    form: 'action',
    frame: 'longdesc src',
    head: 'profile',
    html: 'manifest',
    iframe: 'longdesc src',
    img: 'longdesc src usemap',
    input: 'formaction src usemap',
    ins: 'cite',
    link: 'href',
    object: 'classid codebase data usemap',
    q: 'cite',
    script: 'src',
    source: 'src',
    video: 'poster src',
  }).map(([element, attributes]) => [element, new Set(attributes.split(' '))]),
);
