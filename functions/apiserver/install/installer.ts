// What a machine that knows nothing fetches to become a node, below /install-agent: the installer (POSIX sh; PowerShell for Windows), the certificate that the
// cluster's API server is known by, and the agent as one file. No secret is in any of it: everybody may read it, by any user or none.

import { StatusError } from '../../../core/machinery/status.ts';
import { programFile, sumsFile, unpackedProgram } from '../../../core/node/agent-program.ts';
import { addressKey } from '../../../core/process/address-key.ts';
import { createShares } from '../../../core/process/shares.ts';
import { respondText } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { AgentProgram, AgentProgramElsewhere } from './agent-program.ts';
import { installScript } from './install-script.ts';
import { windowsInstallScript } from './install-script-windows.ts';

export interface InstallerOptions {
  /** PEM. undefined: the API server is known by everybody's roots. */
  readonly authority: () => string | undefined;
  /** Which there are now. */
  readonly programs: () => Promise<readonly (AgentProgram | AgentProgramElsewhere)[]>;
}

/** Of a path's segments, the first of which is `install-agent`. `address`: whose it is. undefined: nothing is there. */
export type Installer = (segments: readonly string[], address?: string) => Promise<ApiResponse | undefined>;

const scriptType = 'text/x-shellscript; charset=utf-8';
/** Each is tens of megabytes, and may be taken slowly, by anybody: one address may have a quarter of what the others leave free. */
const downloadsAtOnce = 60;

export function createInstaller({ authority, programs }: InstallerOptions): Installer {
  const running = createShares(downloadsAtOnce);
  // Counted from the first byte: of an answer to HEAD nothing is read, and nothing is opened.
  async function* counted(program: AgentProgram, holder: string): AsyncGenerator<Uint8Array> {
    // Of many that came at the same moment, those that find no room are broken off.
    if (!running.take(holder, 1)) throw tooMany();
    try {
      yield* program.read();
    } finally {
      running.release(holder, 1);
    }
  }
  const download = (program: AgentProgram | AgentProgramElsewhere, address: string | undefined): ApiResponse => {
    if ('url' in program)
      return {
        status: 307,
        headers: { location: program.url().href, 'cache-control': 'no-store' },
        body: new Uint8Array(),
      };
    const holder = addressKey(address);
    if (!running.take(holder, 1)) throw tooMany();
    running.release(holder, 1);
    return {
      status: 200,
      headers: { 'content-type': 'application/gzip', 'content-length': String(program.bytes) },
      body: counted(program, holder),
    };
  };
  return async ([, file, ...more], address) => {
    if (more.length > 0) return undefined;
    if (file === undefined) return respondText(200, installScript(await programs(), authority()), scriptType);
    if (file === 'install-agent.ps1') return respondText(200, windowsInstallScript, 'text/plain; charset=utf-8');
    if (file === 'ca.crt') {
      const pem = authority();
      return pem === undefined ? undefined : respondText(200, pem, 'application/x-pem-file');
    }
    if (file === sumsFile) return respondText(200, sumsText(await programs()), 'text/plain; charset=utf-8');
    const program = (await programs()).find(({ architecture }) => file === programFile(architecture));
    return program && download(program, address);
  };
}

function tooMany(): StatusError {
  return new StatusError('TooManyRequests', 'many machines fetch the agent at this moment: try again in a minute', {
    retryAfterSeconds: 60,
  });
}

/** What agents that upgrade themselves compare with what they are. */
function sumsText(programs: readonly Omit<AgentProgram, 'read'>[]): string {
  const lines = programs.flatMap(({ architecture, sha256, unpackedSha256 }) => [
    `${sha256}  ${programFile(architecture)}\n`,
    ...(unpackedSha256 === undefined ? [] : [`${unpackedSha256}  ${unpackedProgram(architecture)}\n`]),
  ]);
  return lines.join('');
}
