// The files that a run brings back: read from the log of its helper, checked against their sum, and written below a folder, never outside.

import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { errorText } from '../../core/machinery/error-text.ts';
import { UserError } from '../../local/user-error.ts';
import { isAsked } from './asked-path.ts';
import { marks, maxBroughtBytes } from './helper-containers.ts';
import { ArchiveError, readTar } from './read-tar.ts';

/** Of the files themselves. */
const maxUnpackedBytes = 1024 * 1024 * 1024;

export interface BroughtReader {
  /** A line of the helper's log. */
  line(text: string): void;
  /** Writes what came below `directory`. Throws UserError when it did not come whole. */
  finish(directory: string): {
    readonly files: number;
    readonly missing: readonly string[];
    readonly leftOut: readonly string[];
  };
}

/** `asked`: the patterns of `--bring`. */
export function broughtReader(asked: readonly string[]): BroughtReader {
  const missing: string[] = [];
  let encoded: string[] | undefined;
  let length = 0;
  let sum: string | undefined;
  let refused: number | undefined;
  let nothing = false;
  let other = '';
  return {
    line(text) {
      const [mark, rest = ''] = split(text);
      if (mark === marks.missing) missing.push(rest);
      else if (mark === marks.refused) refused = Number(rest);
      else if (mark === marks.nothing) nothing = true;
      else if (mark === marks.begin) encoded = [];
      else if (mark === marks.end) sum = rest;
      else if (encoded && sum === undefined) {
        length += text.length;
        // Base64 takes four letters for three bytes.
        if (length > (maxBroughtBytes * 4) / 3 + 1024) throw new UserError('--bring: the pod sends more than it may');
        encoded.push(text);
      } else other = text;
    },
    finish(directory) {
      if (refused !== undefined)
        throw new UserError(
          `--bring: the files have ${Math.ceil(refused / 1e6)} MB when they are packed, and ${Math.floor(maxBroughtBytes / 1e6)} MB come back: name fewer, or have the command store them`,
        );
      if (!encoded) {
        if (nothing) return { files: 0, missing, leftOut: [] };
        throw new UserError(
          `--bring: the files did not come${other && `: ${other}`}: \`--helper-image\` needs sh, tar and base64`,
        );
      }
      const packed = Buffer.from(encoded.join(''), 'base64');
      if (sum !== createHash('sha256').update(packed).digest('hex'))
        throw new UserError('--bring: the files did not come whole: part of the log is no longer on its node');
      return { ...unpack(packed, directory, asked), missing };
    },
  };
}

function split(text: string): [string, string?] {
  const space = text.indexOf(' ');
  return space < 0 ? [text] : [text.slice(0, space), text.slice(space + 1)];
}

function unpack(
  packed: Buffer,
  directory: string,
  asked: readonly string[],
): { files: number; leftOut: readonly string[] } {
  try {
    const { files, leftOut } = readTar(gunzipSync(packed, { maxOutputLength: maxUnpackedBytes }));
    const other = files.find(({ path }) => path === '' || !isAsked(path, asked));
    if (other) throw new ArchiveError(`it has ${JSON.stringify(other.path)}, which was not asked for`);
    mkdirSync(directory, { recursive: true });
    const root = realpathSync(directory);
    for (const { path, type, content, executable } of files) {
      const target = join(root, path);
      if (type === 'directory') makeFolder(root, target);
      else {
        makeFolder(root, dirname(target));
        writeWhole(target, content, executable);
      }
    }
    return { files: files.filter(({ type }) => type === 'file').length, leftOut };
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof ArchiveError) throw new UserError(`--bring: the pod's archive is refused: ${error.message}`);
    throw new UserError(`--bring: the files cannot be written below ${directory}: ${errorText(error)}`, {
      cause: error,
    });
  }
}

/** Each part of the way must be a folder of its own: a link in the working directory may lead anywhere. */
function makeFolder(root: string, folder: string): void {
  if (folder === root) return;
  makeFolder(root, dirname(folder));
  const there = lstatSync(folder, { throwIfNoEntry: false });
  if (there === undefined) {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
  }
  if (there !== undefined && !there.isDirectory())
    throw new UserError(
      `--bring: ${folder.slice(root.length + sep.length)} is no folder here: nothing is written through it`,
    );
}

/** A link at its place is replaced, not followed. */
function writeWhole(target: string, content: Buffer, executable: boolean): void {
  const partial = `${target}.zeroplane-${process.pid}`;
  try {
    writeFileSync(partial, content, { flag: 'wx' });
    chmodSync(partial, executable ? 0o755 : 0o644);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
