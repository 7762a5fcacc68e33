// JSON as Go's encoder writes it, for what clients compare byte by byte. Source: encoding/json ("HTMLEscape").

const escaped = /[<>&\u2028\u2029]/;
const everyEscaped = /[<>&\u2028\u2029]/g;

/** These characters stand in no JSON text but within its strings. */
export function withGoEscapes(json: string): string {
  if (!escaped.test(json)) return json;
  return json.replace(everyEscaped, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
