// A new agent on trial. The installed program stays where it is until the new one, beside it, has been seen Ready: whatever happens before
// (it crashes, it hangs, the power is cut), what is started next is the installed one, which is all of going back.
//
//   wanted   the installed program, when it is started next, becomes the new one (execve: its process stays the service's)
//   trying   the new one runs; once the API shows it Ready it takes the installed one's place, and the file goes
//   refused  the installed program was started while the other was being tried: that one is not tried again for an hour

import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import { childEnvironment } from '../../core/process/child-environment.ts';
import { writePrivateFile } from '../../core/process/private-file.ts';
import { installedProgram, trialProgram } from '../install/program-files.ts';

type State =
  | { readonly state: 'wanted' | 'trying'; readonly sha256: string; readonly boot: string }
  | { readonly state: 'refused'; readonly sha256: string; readonly until: number };

/** What this process is. */
export type Trial = 'installed' | 'on trial' | 'went back';

/**
 * The new one has this long to become Ready, which takes a start two seconds. With one that hangs, and the time since the last heartbeat, it
 * stays below the 40 s after which a silent node's pods leave their Services.
 */
export const trialSeconds = 20;
const refusedMs = 3600_000;

/**
 * Called first of all in an agent that is one file. Does not return where there is one to be tried. `startScript`: what starts the agent
 * where nobody else does when it has ended.
 */
export function takeUpTrial(dataDir: string, startScript: string | undefined, now: number): Trial {
  const state = readState(dataDir);
  if (state === undefined || state.state === 'refused') return 'installed';
  if (process.execPath === trialProgram()) return 'on trial';
  if (state.state === 'wanted') {
    writeState(dataDir, { ...state, state: 'trying', boot: bootId() });
    watchOver(stateFile(dataDir), startScript);
    becomeTrial();
  }
  rmSync(trialProgram(), { force: true });
  // The machine itself went down: that says nothing of the program.
  if (state.boot !== bootId()) forgetTrial(dataDir);
  else writeState(dataDir, { state: 'refused', sha256: state.sha256, until: now + refusedMs });
  return 'went back';
}

/** The next start is of the program that lies beside the installed one. */
export function wantTrial(dataDir: string, sha256: string): void {
  writeState(dataDir, { state: 'wanted', sha256, boot: bootId() });
}

/** It has shown that it works, or is wanted no more. */
export function forgetTrial(dataDir: string): void {
  rmSync(stateFile(dataDir), { force: true });
}

export function isRefused(dataDir: string, sha256: string, now: number): boolean {
  const state = readState(dataDir);
  return state?.state === 'refused' && state.sha256 === sha256 && state.until > now;
}

/** With the command line that this one has, its own name included: by that the service knows its process. */
function becomeTrial(): never {
  const words = readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  if (!process.execve) throw new Error('this Node cannot become another program');
  return process.execve(trialProgram(), words, process.env);
}

/** A process of its own, since the new program may hang with all that is in it. */
function watchOver(file: string, startScript = ''): void {
  const script = `left=$1
while [ "$left" -gt 0 ]; do
  sleep 1
  left=$((left - 1))
  grep -q '"trying"' "$2" 2>/dev/null || exit 0
  grep -qaF -- "$4" "/proc/$3/cmdline" 2>/dev/null || break
done
grep -q '"trying"' "$2" 2>/dev/null || exit 0
if grep -qaF -- "$4" "/proc/$3/cmdline" 2>/dev/null; then kill -9 "$3"; fi
[ -z "$5" ] || exec "$5"`;
  const words = [String(trialSeconds), file, String(process.pid), installedProgram(), startScript];
  spawn('/bin/sh', ['-c', script, 'watch-over-upgrade', ...words], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: childEnvironment(),
  }).unref();
}

function stateFile(dataDir: string): string {
  return path.join(dataDir, 'upgrade.json');
}

function readState(dataDir: string): State | undefined {
  try {
    // as: this program wrote it, or one before or after it.
    return parseJson(readFileSync(stateFile(dataDir), 'utf8')) as State;
  } catch {
    return undefined;
  }
}

function writeState(dataDir: string, state: State): void {
  writePrivateFile(stateFile(dataDir), JSON.stringify(state));
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
