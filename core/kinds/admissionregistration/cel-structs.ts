// Typed literals in expressions of mutations, `Object.spec{replicas: 3}` and `JSONPatch{op: "add"}`, written as the maps that they
// are in JSON. Source: KEP-3962.

/** The expression with typed literals as maps; any other expression as it is. */
export function celStructs(expression: string): string {
  if (!/\b(?:Object|JSONPatch)[\w.]*\s*\{/.test(expression)) return expression;
  let result = '';
  /** For each open bracket, whether it is a typed literal, whose field names stand without quotes. */
  const open: boolean[] = [];
  for (const [token] of expression.matchAll(tokens)) {
    if (/^(?:Object|JSONPatch)[\w.]*\s*\{$/.test(token)) {
      open.push(true);
      result += '{';
    } else if (/^[A-Za-z_]\w*\s*:$/.test(token) && open.at(-1)) {
      result += `${JSON.stringify(token.slice(0, -1).trim())}:`;
    } else {
      if (token === '{' || token === '(' || token === '[') open.push(false);
      else if (token === '}' || token === ')' || token === ']') open.pop();
      result += token;
    }
  }
  return result;
}

const tokens =
  /r?"""[\s\S]*?"""|r?'''[\s\S]*?'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:Object|JSONPatch)(?:\.\w+)*\s*\{|[A-Za-z_]\w*\s*:|[A-Za-z_]\w*|[\s\S]/g;
