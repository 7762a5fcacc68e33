// JSON.parse of V8 13.6 (Node.js 24) may take one name for another: it compares the text of a name, escapes and all, with names that
// objects of the same fields had before. After `{"a":1,"\\":2}` the name of the second field in `{"a":1,"\n":2}` is a backslash. Who
// sends the first changes what others' objects say. So a text that has escapes in names is read once more, name by name.

/** JSON.parse, with every name as it stands there. */
export function jsonValue(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return text.includes('\\') && mayHaveEscapedName.test(text) ? readAgain(text) : value;
}

/** A text behind a brace or comma in which an escape stands: a name, or an item of a list. What is quoted in a text has escapes before its quotes. */
const mayHaveEscapedName = /[{,]\s*"[^"\\]*\\/;

type Container = unknown[] | Record<string, unknown>;

/** Of a text that JSON.parse took: only where values begin and end has to be found. */
function readAgain(text: string): unknown {
  const root: unknown[] = [];
  const open: Container[] = [root];
  let name: string | undefined;
  const token = /\s*(?:([[{])|([\]}])|("(?:[^"\\]|\\.)*")(\s*:)?|([^\s,:[\]{}"]+)|[,:])/gsy;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [, opening, closing, string, isName, scalar] = match;
    if (isName !== undefined)
      name = JSON.parse(string ?? '""') as string; // a string alone is read right
    else if (closing !== undefined) open.pop();
    else if (opening !== undefined) {
      const container: Container = opening === '[' ? [] : {};
      put(open.at(-1), name, container);
      open.push(container);
    } else {
      const literal = string ?? scalar;
      if (literal !== undefined) put(open.at(-1), name, JSON.parse(literal));
    }
  }
  return root[0];
}

function put(container: Container | undefined, name: string | undefined, value: unknown): void {
  if (Array.isArray(container)) container.push(value);
  else if (container && name !== undefined)
    Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true });
}
