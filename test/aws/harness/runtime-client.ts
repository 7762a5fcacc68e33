// AWS's runtime interface client for Node.js (Apache-2.0), as Lambda's own image has it: fetched from npm when it is first needed, and
// kept outside of the repository. It is no dependency, because its installation compiles its native part (curl and a C++ library, which
// take cmake, autotools and minutes); native-client.mjs stands for that part.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const version = '4.0.2';

/** The client's folder; undefined when it is not there and npm cannot fetch it. */
export function runtimeClient(): string | undefined {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'zeroplane');
  const folder = join(cache, `aws-lambda-ric-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'fetching-'));
  try {
    const options = { cwd: scratch, stdio: 'ignore', timeout: 60_000 } as const;
    execFileSync('npm', ['pack', `aws-lambda-ric@${version}`, '--silent'], options);
    const [archive = ''] = readdirSync(scratch);
    execFileSync('tar', ['-xzf', archive], options);
    // What stands for the native part is put in its place when it is loaded.
    writeFileSync(join(scratch, 'package', 'rapid-client.node'), '');
    // Another test file may have been faster.
    if (!existsSync(folder)) renameSync(join(scratch, 'package'), folder);
    return folder;
  } catch {
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
