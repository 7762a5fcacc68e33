// /healthz, /livez and /readyz: named checks, each of which can be asked for alone or left out.
// Source: Kubernetes API health endpoints (`verbose`, `exclude`, /livez/<check>).

import { respondText } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';

export interface HealthCheck {
  readonly name: string;
  /** Which endpoints run it beside healthz. */
  readonly endpoints: readonly ('livez' | 'readyz')[];
  /** Rejects when it fails. */
  check(): Promise<void>;
}

/** `segments` are those of the path: `livez`, perhaps a check's name. undefined: no such check. */
export async function healthResponse(
  checks: readonly HealthCheck[],
  segments: readonly string[],
  query: URLSearchParams,
): Promise<ApiResponse | undefined> {
  const [endpoint = '', ...rest] = segments;
  const served = checks.filter((each) => endpoint === 'healthz' || each.endpoints.some((name) => name === endpoint));
  if (rest.length > 0) {
    // Names of checks have slashes, too.
    const check = served.find((each) => each.name === rest.join('/'));
    if (!check) return undefined;
    return (await passes(check)) ? respondText(200, 'ok') : respondText(500, 'internal server error: check failed\n');
  }
  const excluded = new Set(query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const check of served) {
    if (excluded.has(check.name)) lines.push(`[+]${check.name} excluded: ok`);
    else if (await passes(check)) lines.push(`[+]${check.name} ok`);
    else {
      failed = true;
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
  }
  const unknown = [...excluded].filter((name) => !served.some((each) => each.name === name));
  if (unknown.length > 0) {
    const names = unknown.map((name) => JSON.stringify(name)).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  if (failed) return respondText(500, `${lines.join('\n')}\n${endpoint} check failed\n`);
  const verbose = query.has('verbose') && query.get('verbose') !== 'false';
  return respondText(200, verbose ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok');
}

async function passes(check: HealthCheck): Promise<boolean> {
  try {
    await check.check();
    return true;
  } catch {
    return false;
  }
}
