// Bundles each function into a folder of its own: what Lambda runs, what tests run, and what the benchmark weighs.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { BundleName } from './function-rows.ts';

const root = join(import.meta.dirname, '..');

export function entryPoint(name: BundleName): string {
  return `functions/${name}/lambda.ts`;
}

/** Bundles one function into `directory`, whose entry is `index.mjs`. What was there before goes. */
export function bundleFunction(name: BundleName, directory: string): void {
  bundleEntry(entryPoint(name), directory);
}

/** Bundles any entry point as functions are bundled. `alias`: what to take in place of packages. */
export function bundleEntry(entry: string, directory: string, alias: Readonly<Record<string, string>> = {}): void {
  rmSync(directory, { recursive: true, force: true });
  buildSync({
    absWorkingDir: root,
    entryPoints: [{ in: entry, out: 'index' }],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    alias,
    splitting: true,
    chunkNames: 'chunk-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: false,
    legalComments: 'none',
    logLevel: 'warning',
    mainFields: ['module', 'main'],
    // Packages of CommonJS modules call require for Node's own modules.
    banner: {
      js: "import{createRequire as __zeroplaneRequire}from'node:module';const require=__zeroplaneRequire(import.meta.url);",
    },
  });
}

/** The node agent, whose entry is `index.mjs`. */
export function bundleAgent(directory: string): void {
  bundleEntry('agent/main.ts', directory);
}
