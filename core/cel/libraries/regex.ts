// Parts of texts that match. Source: Kubernetes' CEL library "regex".

import { declared, type Library, member } from '../check/environment.ts';
import { int, list, string } from '../types/types.ts';
import { linear } from '../values/linear.ts';
import { PlainList } from '../values/lists.ts';
import { fail, type Value } from '../values/values.ts';

export const regex: Library = {
  functions: [
    declared(
      'find',
      member('string_find_string', [string, string], string, (text: string, pattern: string) => {
        const found = findAll(text, pattern, 1);
        return typeof found === 'string' ? fail(found) : (found[0] ?? '');
      }),
    ),
    declared(
      'findAll',
      member('string_find_all_string', [string, string], list(string), (text: string, pattern: string) =>
        listed(findAll(text, pattern, -1)),
      ),
      member(
        'string_find_all_string_int',
        [string, string, int],
        list(string),
        (text: string, pattern: string, limit: bigint) => listed(findAll(text, pattern, Number(limit))),
      ),
    ),
  ],
};

function listed(found: readonly string[] | string): Value {
  return typeof found === 'string' ? fail(found) : new PlainList(found);
}

/** A text says what is wrong with the pattern. `limit`: below 0, all. */
function findAll(text: string, pattern: string, limit: number): readonly string[] | string {
  const expression = linear(pattern);
  if (typeof expression === 'string') return expression;
  const matcher = expression.matcher(text);
  const found: string[] = [];
  while (found.length !== limit && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}
