// Lines of a log that several clusters share: each says whose it is.

/** `line`: a JSON object. `name`: of a cluster, which has no character that JSON would escape. */
export function lineOf(name: string, line: string): string {
  return `{"cluster":"${name}",${line.slice(1)}`;
}
