// PowerShell, which every Windows has: what Node.js cannot ask of the system itself. What a script is given goes to it as JSON in base64,
// never as a part of its text: PowerShell takes six characters for a quote.

import { parseJson } from '../../../core/machinery/json.ts';
import { CommandError, type RunOptions, type RunResult } from '../../../core/process/run.ts';

/** `tryRun`, or what a test has in its place. */
export type RunProgram = (program: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** Runs a script whose last line's value is its answer, `$in` being `input`. Rejects with CommandError, also where it answers no JSON. */
export type PowerShell = (script: string, input?: unknown) => Promise<unknown>;

const timeoutMs = 60_000;

export function createPowerShell(run: RunProgram): PowerShell {
  return async (script, input) => {
    const given = Buffer.from(JSON.stringify(input ?? null)).toString('base64');
    const text = `$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = [Text.Encoding]::UTF8
$in = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${given}')) | ConvertFrom-Json
$out = & {
${script}
}
ConvertTo-Json -InputObject $out -Compress -Depth 16
`;
    const args = [
      ...['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass'],
      ...['-EncodedCommand', Buffer.from(text, 'utf16le').toString('base64')],
    ];
    const result = await run('powershell.exe', args, { timeoutMs });
    if (result.code !== 0) throw new CommandError('powershell.exe', ['-EncodedCommand', '...'], result);
    const answer = result.stdout.replace(/^\uFEFF/, '').trim();
    return answer === '' ? null : parseJson(answer);
  };
}

/** PowerShell gives one thing in place of an array that has but one, and nothing in place of an empty one. */
export function many(answer: unknown): unknown[] {
  if (answer === null || answer === undefined) return [];
  return Array.isArray(answer) ? answer : [answer];
}

/** What a field of an object holds; undefined: it is no object, or has none. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

export function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}
