// Names of files and relative paths: what may stand in one, by itself, before anything is opened.

/** A path that leads out of the directory that it must stay below, or is not what it has to be. */
export class UnsafePathError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'UnsafePathError';
  }
}

const maxPath = 4095;

/** A name of one file in one directory. */
export function isFileName(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  return text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text) && Buffer.byteLength(text) <= 255;
}

/** The names on the way. Throws UnsafePathError for a path that could lead out by itself. */
export function componentsOf(inner: string): string[] {
  const names = split(inner);
  if (inner.startsWith('/') || names.includes('..'))
    throw new UnsafePathError(`${JSON.stringify(inner)} must be a relative path without ".."`);
  return names;
}

/** There is no such file, or no directory on the way to it. */
export function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function split(path: string): string[] {
  if (path.includes('\0') || path.length > maxPath)
    throw new UnsafePathError(`${JSON.stringify(path.slice(0, 100))} is too long for a path, or holds NUL`);
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
