// Bundles a program into one file of plain JavaScript: it starts faster and takes less memory than type stripping does.
// Made again only when a source file changed.

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Programs that run as processes of their own, by their entry file. */
export const programs = {
  'control-plane': 'local/control-plane/main.ts',
  'control-plane-worker': 'local/control-plane/worker.ts',
  agent: 'agent/main.ts',
} as const;

export function bundlePath(program: keyof typeof programs): string {
  return join(root, 'dist', `${program}.mjs`);
}

/** Bundles every program, unless the bundles are newer than all sources. Returns whether it had to. */
export async function ensureBundles(): Promise<boolean> {
  const stamp = join(root, 'dist', 'stamp');
  const now = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return false;
  const { build } = await import('esbuild');
  mkdirSync(join(root, 'dist'), { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(programs)
      .filter(([, e]) => existsSync(join(root, e)))
      .map(([out, entry]) => ({ in: entry, out })),
    outdir: 'dist',
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
    logLevel: 'warning',
    // Packages of CommonJS modules call require for Node's own modules.
    banner: {
      js: "import{createRequire as __zeroplaneRequire}from'node:module';const require=__zeroplaneRequire(import.meta.url);",
    },
  });
  writeFileSync(stamp, now);
  return true;
}

function fingerprint(): string {
  const hash = createHash('sha256');
  const files = globSync('{core,functions,agent,local,generated}/**/*.{ts,json}', { cwd: root });
  files.push('package-lock.json');
  for (const file of files.sort()) {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}
