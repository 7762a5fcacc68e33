// Plain JavaScript for any Node >= 20: one process at a time does something in a folder, and one that was killed while it did holds up
// nobody. Source of what a process is known by: proc(5).

import { existsSync, linkSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const askAgainMs = 100;

/**
 * Runs `work` while no other process does under the same `name` in `folder`. `onWait` is told once of whom it waits for.
 *
 * The lock is a file with a number, and the highest number counts; it says who has it, and nothing once it was given back. Who takes it over,
 * from one that is dead or done, makes the next number, which only one can. That file stays: were it deleted, somebody who looked before
 * could make its number again beside a new owner.
 */
export function inTurn(folder, name, onWait, work) {
  const file = take(folder, name, onWait);
  try {
    return work();
  } finally {
    truncateSync(file, 0);
  }
}

function take(folder, name, onWait) {
  let told = false;
  for (;;) {
    const [last = 0] = numbers(folder, name);
    const owner = last === 0 ? undefined : ownerOf(fileOf(folder, name, last));
    if (owner === undefined) {
      const file = claim(folder, name, last + 1);
      if (file !== undefined) return file;
      continue;
    }
    if (!told) onWait(owner);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, askAgainMs);
  }
}

/** Undefined where another one was first. */
function claim(folder, name, number) {
  const file = fileOf(folder, name, number);
  const draft = `${fileOf(folder, name, 'draft')}.${process.pid}`;
  writeFileSync(draft, `${process.pid} ${startOf(process.pid)}`);
  try {
    // Whole from its first moment on, and only where there is none.
    linkSync(draft, file);
  } catch (error) {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const all = numbers(folder, name);
  // Who looked long ago may have made a number below one that counts.
  if (all[0] !== number) {
    rmSync(file, { force: true });
    return undefined;
  }
  for (const each of all.slice(1)) rmSync(fileOf(folder, name, each), { force: true });
  return file;
}

function fileOf(folder, name, number) {
  return join(folder, `.${name}.lock.${number}`);
}

/** The highest first. */
function numbers(folder, name) {
  const start = `.${name}.lock.`;
  return readdirSync(folder)
    .flatMap((each) =>
      each.startsWith(start) && /^\d+$/.test(each.slice(start.length)) ? Number(each.slice(start.length)) : [],
    )
    .sort((a, b) => b - a);
}

/** The process that has it; undefined: it is dead, or has given it back. */
function ownerOf(file) {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // A higher number has just come.
    return undefined;
  }
  const [pid = '', start] = text.split(' ');
  return text !== '' && isAlive(Number(pid)) && startOf(Number(pid)) === start ? Number(pid) : undefined;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** When it started, where the system tells: a number that was given to another process since is another one. */
function startOf(pid) {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return '-';
  try {
    const text = readFileSync(file, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // One that is dead and was not waited for yet.
    return fields[0] === 'Z' ? 'ended' : String(fields[19]);
  } catch {
    return '-';
  }
}
