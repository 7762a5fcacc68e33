// The working directory as it goes into a run: an archive in parts that fit into Secrets. Equal files give equal bytes.

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { createGzip } from 'node:zlib';
import { type TarEntry, tarEnd, tarEntry } from '../../agent/images/tar.ts';
import { errorText } from '../../core/machinery/error-text.ts';
import { UserError } from '../../local/user-error.ts';

export interface Upload {
  /** SHA-256 of all parts together, in hexadecimal. */
  readonly digest: string;
  readonly parts: readonly Buffer[];
  readonly files: number;
}

/** A Secret may have 1 MiB. */
const partBytes = 1000 * 1000;
/** Of the packed archive: it goes through the cluster's store, and lies in memory on the node while it is unpacked. */
const maxBytes = 32 * partBytes;
const maxFiles = 100_000;

/** `exclude`: globs of paths, or names that are left out wherever they are. Throws UserError. */
export async function packDirectory(directory: string, exclude: readonly string[]): Promise<Upload> {
  const gzip = createGzip({ level: 6 });
  const chunks: Buffer[] = [];
  let size = 0;
  let files = 0;
  gzip.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
  });
  const ended = new Promise<void>((resolve, reject) => gzip.once('end', resolve).once('error', reject));
  const write = async (bytes: Uint8Array) => {
    if (!gzip.write(bytes)) await new Promise((resolve) => gzip.once('drain', resolve));
    if (size > maxBytes)
      throw new UserError(
        `--workdir: ${directory} has more than ${maxBytes / 1e6} MB when it is packed: leave out what the command does not need, as in \`--exclude node_modules\`, or have the command fetch it`,
      );
  };
  for (const entry of entriesOf(directory, exclude)) {
    files += 1;
    if (files > maxFiles)
      throw new UserError(`--workdir: ${directory} has more than ${maxFiles} files: leave some out with --exclude`);
    for (const bytes of tarEntry(entry)) await write(bytes);
  }
  gzip.end(tarEnd);
  await ended;
  const all = Buffer.concat(chunks);
  const parts = Array.from({ length: Math.ceil(all.length / partBytes) }, (_, part) =>
    all.subarray(part * partBytes, (part + 1) * partBytes),
  );
  return { digest: createHash('sha256').update(all).digest('hex'), parts, files };
}

function* entriesOf(directory: string, exclude: readonly string[], below = ''): Generator<TarEntry> {
  const names = reading(directory, () => readdirSync(join(directory, below))).sort();
  for (const name of names) {
    const path = below === '' ? name : `${below}/${name}`;
    if (exclude.some((pattern) => name === pattern || matchesGlob(path, pattern))) continue;
    const file = join(directory, path);
    const stat = reading(file, () => lstatSync(file));
    if (stat.isDirectory()) {
      yield { path, type: 'directory', mode: forAll(stat.mode) };
      yield* entriesOf(directory, exclude, path);
    } else if (stat.isSymbolicLink()) {
      yield { path, type: 'symlink', mode: 0o777, target: reading(file, () => readlinkSync(file)) };
    } else if (stat.isFile()) {
      yield { path, type: 'file', mode: forAll(stat.mode), content: reading(file, () => readFileSync(file)) };
    }
    // Sockets, pipes and devices are of this machine.
  }
}

/** Whoever the command runs as may do what their owner may here. */
function forAll(mode: number): number {
  const owner = (mode >> 6) & 7;
  return (owner << 6) | (owner << 3) | owner;
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UserError(`--workdir: cannot read ${file}: ${errorText(error)}`, { cause: error });
  }
}
