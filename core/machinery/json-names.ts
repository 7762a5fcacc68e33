// JSON.parse of V8 13.6 (Node.js 24) may take one name for another: it compares the text of a name, escapes and all, with names that
// objects of the same fields had before. After `{"a":1,"\\":2}` the name of the second field in `{"a":1,"\n":2}` is a backslash. Who
// sends the first changes what others' objects say. A name that was taken for another has a backslash in it, as the other has. Nearly no
// name has: only once one came, what has escapes in names is looked through, and read again, name by name, where there is such a one.

/** JSON.parse, with every name as it stands there. */
export function jsonValue(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!knowsBackslashes) {
    if (!(text.includes('\\\\') || text.includes('\\u005')) || !mayNameBackslash.test(text)) return value;
    knowsBackslashes = true;
  }
  return text.includes('\\') && mayEscapeName.test(text) && namesBackslash(value) ? readAgain(text) : value;
}

/** To be told of values that were read from anything but JSON. */
export function noteNames(value: unknown): void {
  knowsBackslashes ||= namesBackslash(value);
}

/** Whether an object of this thread may have a name with a backslash in it. */
let knowsBackslashes = false;

/** A text behind a brace or comma in which an escape stands: a name, or an item of a list. What is quoted in a text has escapes before its quotes. */
const mayEscapeName = /[{,]\s*"[^"\\]*\\/;
/** The same with an escape that stands for a backslash. */
const mayNameBackslash = /[{,]\s*"(?:[^"\\]|\\(?!u005c)[^\\])*\\(?:\\|u005c)/i;

/** Deeper values than the stack has room for are read again, whatever they hold. */
const deepest = 1000;

function namesBackslash(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === deepest) return true;
  if (Array.isArray(value)) return value.some((each) => namesBackslash(each, depth + 1));
  return Object.entries(value).some(([name, each]) => name.includes('\\') || namesBackslash(each, depth + 1));
}

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
