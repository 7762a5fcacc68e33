// Base64 of what decides something, such as a token or its signature: one text for the same bytes, and every other is refused. Node's own
// decoder skips what it does not know, takes both alphabets, and drops bits at the end.
// Source: RFC 4648, sections 3.5 (canonical encoding) and 5 (URL and filename safe alphabet).

/** base64url without padding. undefined: it is none. */
export function fromBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** base64url of a text in UTF-8. undefined: it is none. */
export function textFromBase64Url(text: string): string | undefined {
  const bytes = fromBase64Url(text);
  if (!bytes) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
