// Whether a run asked for a path that its pod gives back: what the patterns of `--bring` name, and what lies below. A pod that could give back
// what nobody asked for would write a Makefile, or a hook of git, where its user works.

/** `path`: names joined by `/`. `patterns`: of the shell, as the helper expands them in the pod. */
export function isAsked(path: string, patterns: readonly string[]): boolean {
  const names = path.split('/');
  return patterns.some((pattern) => {
    const parts = pattern.split('/').filter((each) => each !== '' && each !== '.');
    return parts.length <= names.length && parts.every((part, index) => matches(names[index] ?? '', part));
  });
}

/** One name. As in the shell, no wildcard stands for the dot that a name begins with. */
function matches(name: string, pattern: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  return new RegExp(`^${[...parts(pattern)].join('')}$`, 'su').test(name);
}

function* parts(pattern: string): Iterable<string> {
  for (let at = 0; at < pattern.length; ) {
    const letter = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    const bracket = letter === '[' ? /^\[([!^]?)(\]?(?:\[:[a-z]+:\]|[^\]])*)\]/u.exec(pattern.slice(at)) : null;
    if (letter === '*') yield '.*';
    else if (letter === '?') yield '.';
    else if (bracket) yield classOf(bracket[1] !== '', bracket[2] ?? '');
    else if (letter === '\\' && at + 1 < pattern.length) {
      const escaped = String.fromCodePoint(pattern.codePointAt(at + 1) ?? 0);
      yield RegExp.escape(escaped);
      at += escaped.length;
    } else yield RegExp.escape(letter);
    at += bracket ? bracket[0].length : letter.length;
  }
}

/** Of letters and ranges of them. */
function classOf(not: boolean, letters: string): string {
  // Named ones are the locale's: any letter.
  if (letters.includes('[:')) return '.';
  const found = [...letters].map((letter, index, all) =>
    letter === '-' && index > 0 && index + 1 < all.length ? '-' : RegExp.escape(letter),
  );
  return `[${not ? '^' : ''}${found.join('')}]`;
}
