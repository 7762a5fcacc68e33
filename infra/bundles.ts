// Bundles each function into a folder of its own: what Lambda runs, what tests run, and what the benchmark weighs.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type InputOptions, type OutputChunk, type OutputOptions, type RolldownOutput, rolldown } from 'rolldown';
import { type BundleName, bundleNames } from './function-rows.ts';
import { type Starts, startsOf } from './start-modules.ts';

const root = join(import.meta.dirname, '..');
const entryFile = 'index.mjs';

export function entryPoint(name: BundleName): string {
  return `functions/${name}/lambda.ts`;
}

/** Bundles all functions, each into a folder of its name in `directory`. */
export async function bundleFunctions(directory: string): Promise<void> {
  await Promise.all(bundleNames.map((name) => bundleFunction(name, join(directory, name))));
}

/** Bundles one function into `directory`, whose entry is `index.mjs`. What was there before goes. */
function bundleFunction(name: BundleName, directory: string): Promise<void> {
  return bundleEntry(entryPoint(name), directory, { starts: startsOf[name] });
}

/** The node agent, whose entry is `index.mjs`. */
export function bundleAgent(directory: string): Promise<void> {
  return bundleEntry('agent/main.ts', directory);
}

export interface BundleOptions {
  /** What to take in place of packages. */
  readonly alias?: Record<string, string>;
  readonly starts?: Starts;
}

/** Bundles any entry point as functions are bundled. Throws when a start names what is not loaded by its name. */
export async function bundleEntry(entry: string, directory: string, options: BundleOptions = {}): Promise<void> {
  await bundled(entry, directory, options);
}

/** What each of a function's starts loads, in bytes, gzipped file by file. Bundles it into `directory`. */
export async function weighStarts(name: BundleName, directory: string): Promise<Readonly<Record<string, number>>> {
  const starts = startsOf[name];
  const chunks = chunksOf(await bundled(entryPoint(name), directory, { starts }));
  const files = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const weighed = Object.entries(starts).map(([start, modules]) => {
    const paths = new Set(modules.map((path) => resolve(root, path)));
    const loaded = chunks.filter(
      ({ fileName, moduleIds }) => fileName === entryFile || moduleIds.some((id) => paths.has(id)),
    );
    const bytes = [...closure(loaded, files)].map(({ fileName }) => gzipSync(readFileSync(join(directory, fileName))));
    return [start, bytes.reduce((sum, { length }) => sum + length, 0)];
  });
  return Object.fromEntries(weighed);
}

async function bundled(entry: string, directory: string, options: BundleOptions): Promise<RolldownOutput> {
  const { alias = {}, starts = { start: [] } } = options;
  const input: InputOptions = {
    cwd: root,
    input: { index: entry },
    platform: 'node',
    // As it is published for tools like this one.
    resolve: { mainFields: ['module', 'main'], alias },
    transform: { target: 'node24' },
    // A module that one function loads later may be loaded at once by another.
    checks: { ineffectiveDynamicImport: false },
  };
  const output: OutputOptions = {
    dir: directory,
    format: 'esm',
    minify: true,
    comments: false,
    entryFileNames: entryFile,
    chunkFileNames: 'chunk-[hash].mjs',
  };
  const split = await using(input, (bundle) => bundle.generate({ ...output, minify: false }));
  const groups = groupsOf(chunksOf(split), starts, resolve(root, entry));
  return using(input, (bundle) => bundle.write({ ...output, cleanDir: true, codeSplitting: { groups } }));
}

type Bundle = Awaited<ReturnType<typeof rolldown>>;

async function using(input: InputOptions, work: (bundle: Bundle) => Promise<RolldownOutput>): Promise<RolldownOutput> {
  const bundle = await rolldown(input);
  try {
    return await work(bundle);
  } finally {
    await bundle.close();
  }
}

type Chunk = Pick<OutputChunk, 'fileName' | 'facadeModuleId' | 'imports' | 'moduleIds'>;

function chunksOf({ output }: RolldownOutput): Chunk[] {
  return output.filter((each) => each.type === 'chunk');
}

/**
 * The modules that the same starts load are one group. The entry itself is in none: what it awaits while it loads imports the groups, and
 * would wait for itself. Exported for tests.
 */
export function groupsOf(chunks: readonly Chunk[], starts: Starts, entry: string) {
  const files = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const facades = new Map(chunks.map((chunk) => [chunk.facadeModuleId, chunk]));
  const startsByModule = new Map<string, string[]>();
  for (const [start, modules] of Object.entries(starts)) {
    const loaded = modules.map((path) => {
      const chunk = facades.get(resolve(root, path));
      if (!chunk) throw new Error(`the start "${start}" names ${path}, which nothing imports by name`);
      return chunk;
    });
    for (const chunk of closure([...loaded, ...chunks.filter(({ fileName }) => fileName === entryFile)], files))
      for (const id of chunk.moduleIds)
        if (id !== entry) startsByModule.set(id, [...(startsByModule.get(id) ?? []), start]);
  }
  const names = new Map([...startsByModule].map(([id, of]) => [id, of.join('-')]));
  return [...new Set(names.values())].map((name) => ({
    name,
    // What more starts load is taken out first, so that it does not come along with what needs it.
    priority: name.split('-').length,
    test: (id: string) => names.get(id) === name,
  }));
}

/** Them, and what they import when they are loaded. */
function closure(from: readonly Chunk[], files: ReadonlyMap<string, Chunk>): Set<Chunk> {
  const found = new Set<Chunk>();
  const left = [...from];
  for (let chunk = left.pop(); chunk; chunk = left.pop()) {
    if (found.has(chunk)) continue;
    found.add(chunk);
    for (const file of chunk.imports) {
      const imported = files.get(file);
      // What is not there comes with Node.
      if (imported) left.push(imported);
    }
  }
  return found;
}
