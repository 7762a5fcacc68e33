// Calls on files that somebody else answers for: a server (NFS, SMB, Ceph) or a program (FUSE). One that is away holds up the call, and with
// it one of the four threads that all file calls of this process share, until it is back; four of them would hold up every pod of the node.
// So it is asked first by a program that can be ended, and only two at a time are called upon.

import { parse } from 'node:path';
import { tryRun } from '../../core/process/run.ts';
import { type Mount, mounts } from '../files/mount-table.ts';
import { VolumeError } from './volume-error.ts';

export interface RemoteOptions {
  /** Links may lead from the path to anywhere. */
  readonly links?: boolean;
  /** Whether who answers for the path is there. */
  readonly answers?: (path: string) => Promise<boolean>;
  /** How long one waits for its turn. */
  readonly patienceMs?: number;
}

/** Of libuv's four threads. */
const atOnce = 2;
const answerMs = 10_000;
const defaultPatienceMs = 30_000;
const types =
  /^(nfs4?|cifs|smb[23]|smbfs|9p|afs|ceph|glusterfs|lustre|beegfs|gpfs|ocfs2|gfs2|virtiofs|fuse(blk|\..*)?)$/;

let busy = 0;
const waiting = new Set<() => void>();

/** Runs `use`, which makes one call after the other on files at `path` and below. Throws VolumeError where nobody answers for them. */
export async function onFilesOf<T>(path: string, use: () => Promise<T>, options: RemoteOptions = {}): Promise<T> {
  const { links = false, answers = isAnswered, patienceMs = defaultPatienceMs } = options;
  if (!isRemote(path, await mounts(), links)) return use();
  if (!(await answers(path)))
    throw new VolumeError(
      `who answers for ${path} does not, within ${answerMs / 1000} s: see whether its server is there`,
    );
  await turn(path, patienceMs);
  try {
    return await use();
  } finally {
    const [next] = waiting;
    if (next) next();
    else busy -= 1;
  }
}

/** Exported for its tests. */
export function isRemote(path: string, table: readonly Mount[], links: boolean): boolean {
  if (links) return table.some(({ type }) => types.test(type));
  let found: Mount | undefined;
  // Of those at one place the last is seen.
  for (const each of table)
    if (isBelow(path, each.directory) && each.directory.length >= (found?.directory.length ?? 0)) found = each;
  return found !== undefined && types.test(found.type);
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === parse(directory).root ? directory : `${directory}/`);
}

async function isAnswered(path: string): Promise<boolean> {
  // What of a file itself is remembered says nothing of the server.
  const asked = tryRun('stat', ['--file-system', '--format=%s', '--', path], { timeoutMs: answerMs });
  let timer: NodeJS.Timeout | undefined;
  // A program may hang so that nothing ends it.
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, answerMs + 1000, undefined).unref();
  });
  const ended = await Promise.race([asked, patience]);
  clearTimeout(timer);
  // That there is no such file is an answer too.
  return ended?.code === 0 || ended?.code === 1;
}

/** Resolves when it is this one's turn, which is given back by whoever had it. */
async function turn(path: string, patienceMs: number): Promise<void> {
  if (busy < atOnce) {
    busy += 1;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(go);
      reject(new VolumeError(`${path} waits for other volumes, whose servers do not answer or are at work`));
    }, patienceMs);
    const go = () => {
      clearTimeout(timer);
      waiting.delete(go);
      resolve();
    };
    waiting.add(go);
  });
}
