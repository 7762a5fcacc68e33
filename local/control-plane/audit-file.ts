// The audit log's file: lines are written behind the requests, many at a time; a full file is set aside under the time of its end,
// as kube-apiserver does, and old ones go.

import { appendFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { AuditSink } from '../../functions/apiserver/audit/audit.ts';

export interface AuditFileOptions {
  readonly path: string;
  /** A file that has reached it is set aside. */
  readonly maxBytes: number;
  /** How many that were set aside are kept, and for how many days; 0: without such a limit. */
  readonly maxBackups: number;
  readonly maxAgeDays: number;
  readonly now: () => number;
  /** Called when writing begins to fail (a full disk), not for each line. */
  readonly onError: (error: unknown) => void;
}

export interface AuditFile extends AuditSink {
  /** Writes what is left. */
  close(): Promise<void>;
}

/** Lines that wait for the disk, at most; what comes beyond is lost, and counted. */
const maxWaitingBytes = 16 * 1024 * 1024;

export function openAuditFile(options: AuditFileOptions): AuditFile {
  const { path, maxBytes, onError } = options;
  let waiting: string[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let failing = false;
  let size: number | undefined;
  let writing: Promise<void> | undefined;

  const drain = async () => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      waitingBytes = 0;
      const text = lines.join('');
      try {
        size ??= await sizeOf(path);
        if (size > 0 && size + Buffer.byteLength(text) > maxBytes) {
          await setAside(options);
          size = 0;
        }
        await appendFile(path, text, { mode: 0o600 });
        size += Buffer.byteLength(text);
        failing = false;
      } catch (error) {
        lost += lines.length;
        size = undefined;
        if (!failing) onError(error);
        failing = true;
      }
    }
    writing = undefined;
  };

  return {
    write(line) {
      if (waitingBytes + line.length > maxWaitingBytes) {
        lost += 1;
        return;
      }
      waiting.push(`${line}\n`);
      waitingBytes += line.length;
      // After the turn of the event loop that answers the request.
      writing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(drain);
    },
    lost: () => lost,
    async close() {
      await writing;
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.size ?? 0;
}

async function setAside(options: AuditFileOptions): Promise<void> {
  const { path, now } = options;
  const [stem, extension] = parts(path);
  const time = new Date(now()).toISOString().slice(0, -1).replaceAll(':', '-');
  await rename(path, join(dirname(path), `${stem}-${time}${extension}`));
  // What is left over is looked at again next time: no line is lost for it.
  await removeOld(options, stem, extension).catch(() => undefined);
}

async function removeOld({ path, maxBackups, maxAgeDays, now }: AuditFileOptions, stem: string, extension: string) {
  const backups = (await readdir(dirname(path)))
    .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension))
    .map((name) => ({ name, time: name.slice(stem.length + 1, name.length - extension.length) }))
    .filter((each) => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(each.time))
    .sort((a, b) => (a.time < b.time ? 1 : -1));
  const oldest = new Date(now() - maxAgeDays * 86_400_000).toISOString().slice(0, -1).replaceAll(':', '-');
  const old = backups.filter(
    (each, index) => (maxBackups > 0 && index >= maxBackups) || (maxAgeDays > 0 && each.time < oldest),
  );
  for (const { name } of old) await rm(join(dirname(path), name), { force: true });
}

/** `/var/log/audit.log` -> `audit` and `.log`. */
function parts(path: string): [string, string] {
  const extension = extname(path);
  return [basename(path, extension), extension];
}
