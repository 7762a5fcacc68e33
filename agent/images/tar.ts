// A tar writer for image layers and archives: ustar headers with pax records for long names, times at zero so that equal input gives
// equal bytes. Source: POSIX pax, "ustar Interchange Format".

export interface TarEntry {
  /** Path without a leading slash. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Permission bits. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: Uint8Array;
  /** A symlink's target. */
  readonly target?: string;
}

const typeFlags = { file: '0', directory: '5', symlink: '2' } as const;

export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), tarEnd]);
}

/** What an archive ends with. */
export const tarEnd = Buffer.alloc(1024);

/** The blocks of one entry, for archives that are written as they are read. */
export function tarEntry(entry: TarEntry): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const content = entry.content ?? new Uint8Array(0);
  const long = [
    ...(Buffer.byteLength(path) > 100 ? [paxRecord('path', path)] : []),
    ...(Buffer.byteLength(entry.target ?? '') > 100 ? [paxRecord('linkpath', entry.target ?? '')] : []),
  ].join('');
  if (long) {
    const body = Buffer.from(long);
    parts.push(header('pax', 'x', 0o644, 0, 0, body.length, ''), body, padding(body.length));
  }
  const { uid = 0, gid = 0, target = '' } = entry;
  parts.push(header(path, typeFlags[entry.type], entry.mode, uid, gid, content.length, target));
  if (content.length > 0) parts.push(content, padding(content.length));
  return parts;
}

function header(path: string, flag: string, mode: number, uid: number, gid: number, size: number, target: string) {
  const block = Buffer.alloc(512);
  const put = (offset: number, length: number, text: string) => block.write(text, offset, length, 'utf8');
  const octal = (offset: number, length: number, value: number) =>
    put(offset, length, `${value.toString(8).padStart(length - 1, '0')}\0`);
  put(0, 100, path);
  octal(100, 8, mode);
  octal(108, 8, uid);
  octal(116, 8, gid);
  octal(124, 12, size);
  octal(136, 12, 0);
  block.fill(' ', 148, 156);
  put(156, 1, flag);
  put(157, 100, target);
  put(257, 8, 'ustar\u000000');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, 8, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** `LENGTH key=value\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length !== length) length += 1;
  return `${length}${rest}`;
}

function padding(size: number): Uint8Array {
  return new Uint8Array((512 - (size % 512)) % 512);
}
