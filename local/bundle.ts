// Bundles a program into one file of plain JavaScript: it starts faster and takes less memory than type stripping does.
// Made again only when a source file changed.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { packaged } from './packaged.ts';

const root = join(import.meta.dirname, '..');

/** Bundles of modules begin so: packages of CommonJS modules call require for Node's own modules. */
export const moduleBanner =
  "import{createRequire as __zeroplaneRequire}from'node:module';const require=__zeroplaneRequire(import.meta.url);";

/** Programs that run as processes of their own, by their entry file. */
export const programs = {
  'control-plane': 'local/control-plane/main.ts',
  'control-plane-worker': 'local/control-plane/worker.ts',
  'yaml-worker': 'functions/apiserver/content/yaml-worker.ts',
  agent: 'agent/main.ts',
} as const;

export type Bundles = Readonly<Record<keyof typeof programs, string>>;

/** Folders of older bundles that are kept, so that going back to older sources costs nothing. */
const kept = 4;

/**
 * Bundles of the sources as they are, in the cluster's own directory: a running program loads parts of its own later, whatever
 * becomes of the sources meanwhile. `idle`: nothing of the cluster runs, so that older ones may go.
 */
export async function installBundles(dataDir: string, idle: boolean): Promise<Bundles> {
  const { source, name } = await bundleDirectory();
  const programsDir = join(dataDir, 'programs');
  const directory = join(programsDir, name);
  if (idle) rmSync(programsDir, { recursive: true, force: true });
  if (!existsSync(directory)) {
    cpSync(source, `${directory}.new`, { recursive: true });
    // Copied with the modes that everybody reads them by in the checkout; here they belong to the cluster.
    setModes(`${directory}.new`, { directory: 0o700, file: 0o600 });
    renameSync(`${directory}.new`, directory);
  }
  return bundlesIn(directory);
}

/** Bundles every program into a folder named for the sources, unless it is there. Returns the files. */
export async function ensureBundles(): Promise<Bundles> {
  return bundlesIn((await bundleDirectory()).source);
}

/** `name`: of the sources that it was made of. */
async function bundleDirectory(): Promise<{ readonly source: string; readonly name: string }> {
  const ready = packaged();
  if (ready) return { source: ready.programs, name: ready.contents.fingerprint };
  const name = fingerprint();
  const source = join(root, 'dist', name);
  if (!existsSync(source)) await bundle(source);
  return { source, name };
}

function bundlesIn(directory: string): Bundles {
  const file = (program: keyof typeof programs) => join(directory, `${program}.mjs`);
  return {
    'control-plane': file('control-plane'),
    'control-plane-worker': file('control-plane-worker'),
    'yaml-worker': file('yaml-worker'),
    agent: file('agent'),
  };
}

async function bundle(directory: string): Promise<void> {
  const { build } = await import('esbuild');
  const partial = `${directory}.${process.pid}`;
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(programs).map(([out, entry]) => ({ in: entry, out })),
    outdir: partial,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
    banner: { js: moduleBanner },
  });
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, inAscii(text));
  }
  // Programs are no secret, whatever the umask is: every user may run them from the same checkout.
  chmodSync(dirname(partial), 0o755);
  setModes(partial, { directory: 0o755, file: 0o644 });
  // Under its name only when it is whole; another process may have been quicker with the same.
  if (existsSync(directory)) rmSync(partial, { recursive: true });
  else renameSync(partial, directory);
  removeOld();
}

function setModes(directory: string, mode: { readonly directory: number; readonly file: number }): void {
  chmodSync(directory, mode.directory);
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? mode.directory : mode.file);
}

/** One letter beyond Latin-1, which esbuild leaves in regular expressions, makes V8 hold the whole file at two bytes a character. */
export function inAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function removeOld(): void {
  const dist = join(root, 'dist');
  // Of bundles alone: a bill of materials lies there, too.
  const folders = readdirSync(dist, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[0-9a-f]{16}$/.test(entry.name))
    .map(({ name }) => ({ path: join(dist, name), time: statSync(join(dist, name)).mtimeMs }));
  folders.sort((left, right) => right.time - left.time);
  for (const { path } of folders.slice(1 + kept)) rmSync(path, { recursive: true, force: true });
}

/** Of the sources as they are. `more`: folders beside those that a cluster's programs come from. */
export function fingerprint(...more: readonly string[]): string {
  const hash = createHash('sha256');
  const folders = ['core', 'functions', 'agent', 'local', 'generated', ...more];
  const files = globSync(`{${folders.join(',')}}/**/*.{ts,json}`, { cwd: root });
  files.push('package-lock.json');
  for (const file of files.sort()) {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
