// /healthz, /livez and /readyz: named checks, each of which can be asked for alone or left out.
// Source: Kubernetes API health endpoints (`verbose`, `exclude`, /livez/<check>).

import type { Log } from '../../../core/process/log.ts';
import { respondText } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Query } from '../query.ts';

export interface HealthCheck {
  readonly name: string;
  /** Which endpoints run it beside healthz. */
  readonly endpoints: readonly ('livez' | 'readyz')[];
  /** Rejects when it fails. */
  check(): Promise<void>;
  /** How long it may take. Without it, as long as it takes. */
  readonly timeoutMs?: number;
}

/** What came of a check so far, asked by one endpoint. */
export interface HealthResult {
  readonly name: string;
  readonly type: string;
  /** The last time. */
  passes: boolean;
  success: number;
  error: number;
}

export type HealthResults = readonly HealthResult[];

export interface Health {
  /** `segments` are those of the path: `livez`, perhaps a check's name. undefined: no such check. */
  respond(segments: readonly string[], query: Query): Promise<ApiResponse | undefined>;
  readonly results: HealthResults;
}

export function createHealth(checks: readonly HealthCheck[], log?: Pick<Log, 'info'>): Health {
  const results = new Map<string, HealthResult>();

  const record = (name: string, type: string, passes: boolean) => {
    const key = `${type}/${name}`;
    const result = results.get(key) ?? { name, type, passes, success: 0, error: 0 };
    result.passes = passes;
    result[passes ? 'success' : 'error'] += 1;
    results.set(key, result);
  };

  return {
    async respond([endpoint = '', ...rest], query) {
      const served = checks.filter(
        (each) => endpoint === 'healthz' || each.endpoints.some((name) => name === endpoint),
      );
      if (rest.length > 0) {
        // Names of checks have slashes, too.
        const check = served.find((each) => each.name === rest.join('/'));
        if (!check) return undefined;
        const failure = await failureOf(check);
        // Seeing a check alone takes a permission of its own: who has it may know why.
        return failure ? respondText(500, `internal server error: ${failure.message}\n`) : respondText(200, 'ok');
      }
      const excluded = new Set(query.texts('exclude'));
      const run = served.filter(({ name }) => !excluded.has(name));
      const failures = new Map<string, Error>();
      await Promise.all(
        run.map(async (check) => {
          const failure = await failureOf(check);
          if (failure) failures.set(check.name, failure);
          record(check.name, endpoint, !failure);
        }),
      );
      const lines = served.map(({ name }) => {
        if (excluded.has(name)) return `[+]${name} excluded: ok`;
        return failures.has(name) ? `[-]${name} failed: reason withheld` : `[+]${name} ok`;
      });
      const unknown = [...excluded].filter((name) => !served.some((each) => each.name === name));
      if (unknown.length > 0) {
        const names = unknown.sort().map((name) => JSON.stringify(name));
        lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`);
      }
      if (failures.size > 0) {
        // Anybody may ask: why it failed is for the log.
        const why = Object.fromEntries([...failures].map(([name, { message }]) => [name, message]));
        log?.info({ failed: why }, `${endpoint} check failed`);
        return respondText(500, `${lines.join('\n')}\n${endpoint} check failed\n`);
      }
      return respondText(200, query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok');
    },
    get results() {
      return [...results.values()];
    },
  };
}

/** undefined: it passes. */
async function failureOf({ check, timeoutMs }: HealthCheck): Promise<Error | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const { promise: late, reject } = Promise.withResolvers<never>();
  if (timeoutMs !== undefined)
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([check(), late]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
  }
}
