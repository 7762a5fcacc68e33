// Regular expressions from users, in time that is linear in the text (Go's syntax, as Kubernetes has it).

import { RE2JS } from 're2js';

export type LinearExpression = RE2JS;

/**
 * The parts of the program that a pattern becomes, about: `(a{1000})` are a thousand. Each takes microseconds to make and to run, so that of
 * nine kilobytes the three million that Go allows would hold a process for seconds.
 */
const mostParts = 5_000;

/** Throws an Error that says what is wrong with the pattern. */
export function compileLinear(pattern: string): LinearExpression {
  if (partsOf(pattern) > mostParts)
    throw new Error('error parsing regexp: expression too large: repeat less, or write a shorter one');
  return RE2JS.compile(pattern);
}

/** At least one for each character, times what repeats it. What is no pattern is somebody else's to say. */
function partsOf(pattern: string): number {
  // Those of the groups that are open, and of what a repetition that comes next is of.
  const open: number[] = [];
  let sum = 0;
  let last = 0;
  for (let at = 0; at < pattern.length && at <= mostParts; at += 1) {
    const character = pattern.charAt(at);
    if (character === '(') {
      open.push(sum);
      sum = 0;
      last = 0;
    } else if (character === ')' && open.length > 0) {
      last = sum + 2;
      sum = (open.pop() ?? 0) + last;
    } else if (character === '{') {
      const [text = '', least = '', most = ''] = repetition(pattern, at) ?? [];
      if (text !== '') {
        sum += last * (Math.max(Number(least), Number(most), 1) - 1);
        last *= Math.max(Number(least), Number(most), 1);
        at += text.length - 1;
      }
    } else {
      const end = character === '[' ? classEnd(pattern, at) : character === '\\' ? at + 1 : at;
      last = '*+?|'.includes(character) ? last + 1 : 1;
      sum += '*+?|'.includes(character) ? 1 : last;
      at = end;
    }
    if (sum > mostParts) return sum;
  }
  return Math.max(sum, pattern.length > mostParts ? pattern.length : 0) + open.reduce((all, each) => all + each, 0);
}

function repetition(pattern: string, at: number): RegExpExecArray | undefined {
  return /^\{(\d{1,4})(?:,(\d{0,4}))?\}/.exec(pattern.slice(at, at + 12)) ?? undefined;
}

/** The place of the bracket that closes a class; its first character may be one itself. */
function classEnd(pattern: string, start: number): number {
  let at = pattern.charAt(start + 1) === '^' ? start + 2 : start + 1;
  if (pattern.charAt(at) === ']') at += 1;
  for (; at < pattern.length; at += 1) {
    if (pattern.charAt(at) === '\\') at += 1;
    else if (pattern.charAt(at) === ']') return at;
  }
  return pattern.length;
}
