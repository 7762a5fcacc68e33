// Every program freezes what all objects inherit, as it is bundled and run: each is started, fails for want of its settings or does its
// work, and is asked when it ends.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions, entryPoint } from '../../infra/bundles.ts';
import { bundleNames } from '../../infra/function-rows.ts';
import { type Bundles, ensureBundles, programs } from '../../local/bundle.ts';
import { tried } from '../tools/tried.ts';

const root = join(import.meta.dirname, '../..');
const sources = [...Object.values(programs), ...bundleNames.map(entryPoint), 'cli/main.ts'];

let bundles: Bundles;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'frozen-'));
  bundles = await ensureBundles();
  await bundleFunctions(folder);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a program', () => {
  it.each(sources)('%s begins with it', (source) => {
    const [first] = /^import .*$/m.exec(readFileSync(join(root, source), 'utf8')) ?? [];
    expect(first).toMatch(/^import '.*\/core\/process\/frozen-intrinsics\.ts';$/);
    tried('programs that must not let what objects inherit be changed');
  });

  it.each(['control-plane', 'agent'] as const)('%s has it done when it runs', async (name) => {
    expect(await statesAtEnd([bundles[name]])).toEqual([frozen]);
    tried('programs that must not let what objects inherit be changed');
  });

  it.each(['control-plane-worker', 'yaml-worker'] as const)('%s has it done in its thread', async (name) => {
    const file = pathToFileURL(bundles[name]).href;
    const thread = `${spy}; import(${JSON.stringify(file)}).catch(() => {}).then(() => process.exit(0));`;
    const start = `const { Worker } = require('node:worker_threads'); new Worker(${JSON.stringify(thread)}, { eval: true });`;
    expect(await statesAtEnd(['-e', start])).toContainEqual({ ...frozen, mainThread: false });
    tried('programs that must not let what objects inherit be changed');
  });

  it.each(bundleNames)('the function %s has it done', async (name) => {
    const file = pathToFileURL(join(folder, name, 'index.mjs')).href;
    expect(
      await statesAtEnd(['--input-type=module', '-e', `await import(${JSON.stringify(file)}); process.exit(0)`]),
    ).toEqual([frozen]);
    tried('programs that must not let what objects inherit be changed');
  });

  it('cli has it done', async () => {
    expect(await statesAtEnd([join(root, 'cli/main.ts'), 'status', '--data-dir', join(folder, 'none')])).toEqual([
      frozen,
    ]);
    tried('programs that must not let what objects inherit be changed');
  });

  it('that does not freeze them is told apart', async () => {
    expect(await statesAtEnd(['-e', '0'])).toEqual([
      { frozen: false, written: true, accessor: true, mainThread: true },
    ]);
  });
});

const frozen = { frozen: true, written: false, accessor: false, mainThread: true };

/** Runs before the program, and looks as it ends. */
const spy = `process.on('exit', () => {
  const written = Reflect.set(Object.prototype, 'resources', ['*'], Object.prototype);
  const all = [Object, Function, String, Number, Boolean, Map, Set, Date, Error];
  // V8's quick paths rest on these of arrays; nothing inherits a length.
  const left = ['length', 'constructor', Symbol.iterator];
  const closed = ({ writable, configurable }) => !writable && !configurable;
  const arrays = Reflect.ownKeys(Array.prototype).filter((name) => !left.includes(name));
  const state = {
    frozen:
      all.every(({ prototype }) => Object.isFrozen(prototype)) &&
      !Object.isExtensible(Array.prototype) &&
      arrays.every((name) => closed(Object.getOwnPropertyDescriptor(Array.prototype, name))),
    written,
    accessor: Object.hasOwn(Object.prototype, '__proto__'),
    mainThread: require('node:worker_threads').isMainThread,
  };
  require('node:fs').writeSync(1, '\\nSTATE ' + JSON.stringify(state) + '\\n');
});`;

async function statesAtEnd(args: readonly string[]): Promise<unknown[]> {
  const code = `import {createRequire} from 'node:module';const require=createRequire('file:///');${spy}`;
  const output = await new Promise<string>((resolve) =>
    execFile(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(code)}`, ...args],
      { timeout: 60_000 },
      (_, stdout) => resolve(stdout),
    ),
  );
  return [...output.matchAll(/^STATE (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as unknown);
}
