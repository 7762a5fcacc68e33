// Reads the files of an archive that a pod made: ustar, with the long names of GNU tar and of pax. Whatever is in it is the pod's word.
// Source: POSIX pax, "ustar Interchange Format"; GNU tar, "Basic Tar Format".

export interface ArchivedFile {
  /** Of names joined with `/`: none of them is `..`, and it is not absolute. */
  readonly path: string;
  readonly type: 'file' | 'directory';
  readonly executable: boolean;
  readonly content: Buffer;
}

export interface ReadArchive {
  readonly files: readonly ArchivedFile[];
  /** Links and devices, which are left where they are. */
  readonly leftOut: readonly string[];
}

/** The archive is broken, or names what is outside. */
export class ArchiveError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'ArchiveError';
  }
}

const block = 512;

/** Throws ArchiveError. */
export function readTar(archive: Buffer): ReadArchive {
  const files: ArchivedFile[] = [];
  const leftOut: string[] = [];
  let longName: string | undefined;
  for (let at = 0; at + block <= archive.length; ) {
    const header = archive.subarray(at, at + block);
    if (header.every((byte) => byte === 0)) break;
    const size = octal(header.subarray(124, 136), 'size');
    const content = archive.subarray(at + block, at + block + size);
    if (content.length < size) throw new ArchiveError('it ends within a file');
    at += block + Math.ceil(size / block) * block;
    const type = String.fromCharCode(header[156] || 0x30);
    if (type === 'L') longName = text(content);
    else if (type === 'x') longName = paxPath(content) ?? longName;
    else if (type !== 'K' && type !== 'g') {
      const name = longName ?? nameIn(header);
      longName = undefined;
      if (type === '0' || type === '7') {
        const mode = octal(header.subarray(100, 108), 'mode');
        files.push({ path: safePath(name), type: 'file', executable: (mode & 0o100) !== 0, content });
      } else if (type === '5') {
        const path = safePath(name);
        if (path !== '') files.push({ path, type: 'directory', executable: true, content: Buffer.alloc(0) });
      } else leftOut.push(safePath(name));
    }
  }
  return { files, leftOut };
}

function nameIn(header: Buffer): string {
  const prefix = header.subarray(257, 262).toString() === 'ustar' ? text(header.subarray(345, 500)) : '';
  const name = text(header.subarray(0, 100));
  // GNU's own format has no prefix there.
  const gnu = header.subarray(257, 265).toString() === 'ustar  \0';
  return prefix && !gnu ? `${prefix}/${name}` : name;
}

function safePath(name: string): string {
  const parts = name.split('/').filter((each) => each !== '' && each !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0'))
    throw new ArchiveError(`it names ${JSON.stringify(name)}, which is outside of the working directory`);
  return parts.join('/');
}

function octal(field: Buffer, what: string): number {
  const digits = text(field).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw new ArchiveError(`a ${what} in it is no number`);
  return Number.parseInt(digits, 8);
}

function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? field.length : end).toString();
}

/** `LENGTH path=NAME\n` among its records. */
function paxPath(records: Buffer): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < records.length; ) {
    const space = records.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(records.subarray(at, space).toString());
    if (!Number.isInteger(length) || length <= space - at || at + length > records.length)
      throw new ArchiveError('a record in it has a wrong length');
    const record = records.subarray(space + 1, at + length - 1).toString();
    if (record.startsWith('path=')) found = record.slice('path='.length);
    at += length;
  }
  return found;
}
