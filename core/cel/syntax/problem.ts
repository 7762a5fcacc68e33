// What is wrong with an expression, in the form in which cel-go tells it: with its line, and a mark below the place.

export interface Problem {
  readonly message: string;
  /** In UTF-16 units from the expression's start. */
  readonly at: number;
}

/** Thrown while a text is read; the parser makes a value of it. */
export class SyntaxProblem extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.name = 'SyntaxProblem';
    this.at = at;
  }
}

const maxReportedProblems = 100;

/** All problems, one below the other, in the order of their places. */
export function showProblems(text: string, problems: readonly Problem[]): string {
  const sorted = problems.toSorted((a, b) => a.at - b.at).slice(0, maxReportedProblems);
  return sorted.map((each) => showProblem(text, each)).join('\n');
}

function showProblem(text: string, { message, at }: Problem): string {
  const before = text.slice(0, at);
  const start = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', at);
  const line = Array.from(text.slice(start, end < 0 ? undefined : end).replaceAll('\t', ' '));
  const column = Array.from(before.slice(start)).length;
  const number = before.split('\n').length;
  const shown = line.join('');
  // A wide character takes the place of two.
  const dots = line.slice(0, column).map((each) => (isWide(each) ? '\uff0e' : '.'));
  const mark = isWide(line[column] ?? '') ? '\uff3e' : '^';
  return `ERROR: <input>:${number}:${column + 1}: ${message}\n | ${shown}\n | ${dots.join('')}${mark}`;
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}
