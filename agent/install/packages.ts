// Installs packages with the machine's own manager. On a machine that has just started another process often holds the manager's locks
// (cloud-init, unattended upgrades): it is waited for, with a line that says so.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunResult, tryRun } from '../../core/process/run.ts';
import { InstallError } from './install-error.ts';
import { isMissing, type Requirement } from './requirements.ts';

type Say = (line: string) => void;

const installMs = 1_800_000;
/** Unattended upgrades of a machine that was off for long take many minutes. */
const lockMs = 1_800_000;
const lookMs = 1000;

/** All that apt and dpkg lock. apt waits for dpkg's by itself, where it is told to, and for its own lists never. */
export const packageLocks = [
  '/var/lib/dpkg/lock-frontend',
  '/var/lib/dpkg/lock',
  '/var/lib/apt/lists/lock',
  '/var/cache/apt/archives/lock',
];

/** `say` gets what is being done. Rejects with InstallError. */
export async function installPackages(missing: readonly Requirement[], say: Say): Promise<void> {
  if (existsSync('/usr/bin/apt-get')) await aptInstall(missing, say);
  else if (existsSync('/usr/bin/dnf')) await dnfInstall(missing, say);
  else {
    const names = missing.map(({ name, why }) => `  ${name.padEnd(28)} ${why}`).join('\n');
    throw new InstallError(
      `${systemName()} has neither apt nor dnf: install these yourself and start again:\n${names}`,
    );
  }
  const still = missing.filter(isMissing);
  if (still.length > 0)
    throw new InstallError(
      `the packages on ${systemName()} brought no ${still.flatMap(({ files }) => files[0] ?? []).join(', ')}: install what has it and start again`,
    );
}

async function aptInstall(missing: readonly Requirement[], say: Say): Promise<void> {
  const names = missing.map(({ name }) => name);
  await apt(['update', '-q'], say);
  await apt(['install', '-q', '-y', '--no-install-recommends', ...names], say);
}

async function apt(args: readonly string[], say: Say): Promise<void> {
  const deadline = Date.now() + lockMs;
  for (;;) {
    await untilUnlocked(say, deadline);
    say(`apt-get ${args.filter((each) => !each.startsWith('-')).join(' ')}`);
    const result = await tryRun('apt-get', ['-o', 'DPkg::Lock::Timeout=600', ...args], {
      timeoutMs: installMs,
      environment: { DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (result.code === 0) return;
    // Somebody was quicker after we had looked.
    if (lockHolder(packageLocks) === undefined || Date.now() > deadline) throw failed(`apt-get ${args[0]}`, result);
  }
}

async function untilUnlocked(say: Say, deadline: number): Promise<void> {
  let said = '';
  for (;;) {
    const holder = lockHolder(packageLocks);
    if (holder === undefined) return;
    const line = `waiting for ${holder.name} (process ${holder.pid}), which holds ${holder.file}`;
    if (line !== said) say(line);
    said = line;
    if (Date.now() > deadline)
      throw new InstallError(
        `${holder.name} (process ${holder.pid}) still holds ${holder.file}: look what it waits for`,
      );
    await delay(lookMs);
  }
}

export interface LockHolder {
  readonly file: string;
  readonly pid: number;
  readonly name: string;
}

/** Who holds one of these files; undefined: nobody. `table`: as proc_locks(5) shows it. */
export function lockHolder(files: readonly string[], table: string = readText('/proc/locks')): LockHolder | undefined {
  const held = new Map<string, number>();
  for (const line of table.split('\n')) {
    // `1: POSIX  ADVISORY  WRITE 1234 08:01:567890 0 EOF`; one that only waits has an arrow behind its number.
    const [, pid, inode] =
      /^\d+: (?:POSIX|OFDLCK|FLOCK)\s+\S+\s+WRITE\s+(-?\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line) ?? [];
    if (pid !== undefined && inode !== undefined) held.set(inode, Number(pid));
  }
  for (const file of files) {
    const found = statSync(file, { throwIfNoEntry: false });
    const pid = found && held.get(String(found.ino));
    if (pid !== undefined) return { file, pid, name: readText(`/proc/${pid}/comm`).trim() || 'another process' };
  }
  return undefined;
}

/** dnf waits for others by itself, and says so. */
async function dnfInstall(missing: readonly Requirement[], say: Say): Promise<void> {
  const names = missing.map(({ name, dnf = name }) => dnf);
  say(`dnf install ${names.join(' ')}`);
  const result = await tryRun('dnf', ['install', '-y', '-q', '--setopt=install_weak_deps=False', ...names], {
    timeoutMs: installMs + lockMs,
  });
  if (result.code !== 0) throw failed('dnf install', result);
}

function failed(what: string, { code, stdout, stderr }: RunResult): InstallError {
  const tail = `${stdout}\n${stderr}`.trimEnd().split('\n').slice(-5).join('\n');
  return new InstallError(`${what} failed (${code}):\n${tail}`);
}

function systemName(): string {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readText('/etc/os-release'))?.[1] ?? 'this system';
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
