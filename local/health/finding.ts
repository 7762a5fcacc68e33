// What a look at a cluster or a machine has found, and how it is told.

export interface Finding {
  /** What was looked at: `nodes`, `pod kube-system/dns`. */
  readonly part: string;
  /** `warning`: it works, and will not for ever or not for all. `fault`: it does not. */
  readonly state: 'ok' | 'warning' | 'fault';
  readonly message: string;
  /** What to do next: a command, where there is one. */
  readonly next?: string;
}

export function ok(part: string, message: string): Finding {
  return { part, state: 'ok', message };
}

export function warning(part: string, message: string, next?: string): Finding {
  return { part, state: 'warning', message, ...(next !== undefined && { next }) };
}

export function fault(part: string, message: string, next?: string): Finding {
  return { part, state: 'fault', message, ...(next !== undefined && { next }) };
}

/** A part for a fault, nothing for none: what checks that give a text have found. */
export function findingOf(part: string, problem: string | undefined, well: string): Finding {
  return problem === undefined ? ok(part, well) : fault(part, problem);
}

export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'fault');
}

const marks = { ok: 'ok', warning: 'warning', fault: 'FAULT' } as const;

/** For people: a line each, and under what is not well what to do. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.min(40, Math.max(...findings.map(({ part }) => part.length)));
  return findings
    .map(({ part, state, message, next }) => {
      const line = `${part.padEnd(width)}  ${marks[state].padEnd(7)}  ${oneLine(message)}`;
      return next === undefined ? line : `${line}\n${' '.repeat(width + 11)}next: ${next}`;
    })
    .join('\n');
}

/** Messages of pods and nodes are others' texts: no line of ours is to be theirs, and no terminal is to obey them. */
function oneLine(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return plain.length > 400 ? `${plain.slice(0, 400)}…` : plain;
}

/** Prints them, and has the process end with 1 where something is at fault. `more`: what JSON says beside them. */
export function tellFindings(
  findings: readonly Finding[],
  { json, more = {} }: { readonly json: boolean; readonly more?: object },
): void {
  const healthy = isHealthy(findings);
  if (json) console.log(JSON.stringify({ ...more, healthy, findings }, null, 2));
  else console.log(findingsText(findings));
  if (!healthy) process.exitCode = 1;
}
