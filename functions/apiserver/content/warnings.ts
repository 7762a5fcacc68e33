// What a request is warned of, as headers. A client's library reads only so many bytes of headers, and HTTP/2 sends only so many.
// Source: KEP-1693, "Server-side changes" (its bounds); RFC 7234, section 5.5.

/** Of all warnings of an answer together, and of each once they are more. */
const maxTogether = 4 * 1024;
const maxEach = 256;

/** The values of the `Warning` headers. Each text is sent once; what does not fit is left out. */
export function warningHeaders(texts: readonly string[]): string[] {
  const distinct = [...new Set(texts)];
  let length = 0;
  for (const text of distinct) length += warningLength(text);
  const headers: string[] = [];
  let left = maxTogether;
  for (const text of distinct) {
    const shown = length <= maxTogether ? text : cutText(text);
    if (warningLength(shown) > left) continue;
    const header = warningHeader(shown);
    left -= header.length;
    headers.push(header);
    if (left < 16) break;
  }
  return headers;
}

function cutText(text: string): string {
  return text.length <= maxEach ? text : `${text.slice(0, maxEach - 3).toWellFormed()}...`;
}

/** At most: a character that is not ASCII has three bytes, one that is escaped two. */
function warningLength(text: string): number {
  return 3 * text.length + '299 - ""'.length;
}

/** Code 299, no agent, quoted text. */
function warningHeader(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters may not stand in a header.
  const clean = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').replace(/[\\"]/g, (each) => `\\${each}`);
  // Header values are Latin-1 on the wire; what is not ASCII is sent as UTF-8 bytes, which clients decode.
  return `299 - "${Buffer.from(clean, 'utf8').toString('latin1')}"`;
}
