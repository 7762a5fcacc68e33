// Part of `npm run check`: import-rules.ts, platforms.ts and citations.ts over this checkout.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { citationErrors, treeOf } from './citations.ts';
import { importErrors } from './import-rules.ts';
import { readModuleGraph, trackedFiles } from './module-graph.ts';
import { platformErrors } from './platforms.ts';

const root = join(import.meta.dirname, '../..');
const files = trackedFiles(root);
const source = files.filter((file) => /\.(?:ts|mjs)$/.test(file));
/** `npm run check` generates first. */
const generated = readdirSync(join(root, 'generated')).map((name) => `generated/${name}`);
const tree = treeOf([...files, ...generated]);
const cited = files
  .filter((file) => /\.(?:ts|mjs|md)$/.test(file) && !file.includes('/testdata/'))
  .flatMap((file) => citationErrors(file, readFileSync(join(root, file), 'utf8'), tree));
const ofAgent = source.filter((file) => /^(?:agent|core)\//.test(file) && file.endsWith('.ts'));
const platforms = platformErrors(new Map(ofAgent.map((file) => [file, readFileSync(join(root, file), 'utf8')])));
const errors = [...importErrors(readModuleGraph(root, source)), ...platforms, ...cited];
for (const error of errors) console.log(error);
if (errors.length > 0) process.exitCode = 1;
