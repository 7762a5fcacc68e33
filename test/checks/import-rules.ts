// What may import what.
//
// Down only: core <- functions, edge <- agent <- infra, local <- cli; one function never imports another; packages of AWS only where an adapter is
// named below. No circles: not between files, types included, and in no folder between what lies in it, be it a file or a folder with all
// that is below. So every folder can be read without those that use it. Not followed is
// what `npm run generate` writes: its indexes of all kinds are how core/api and core/registry get hold of what they know by contract only.

import type { Import, ModuleGraph } from './module-graph.ts';
import { circles } from './module-graph.ts';

const product = /^(?:core|functions|edge|agent|infra|local|cli|bench)\//;
/** What tests drive crosses parts; they are nobody's dependency. */
const exempt = /\.test\.ts$|\/testing\/|\/testdata\//;

/** Part -> parts that it must not import. A function is a part of its own. */
const above: readonly { readonly part: RegExp; readonly never: RegExp }[] = [
  { part: /^core\//, never: /^(?:functions|edge|agent|infra|local|cli|bench|test)\// },
  { part: /^edge\//, never: /^(?:functions|agent|infra|local|cli|bench|test)\// },
  { part: /^agent\//, never: /^(?:functions|infra|local|cli|bench|test)\// },
  { part: /^functions\//, never: /^(?:edge|agent|infra|local|cli|bench|test)\// },
  { part: /^local\//, never: /^(?:infra|cli|bench|test)\// },
  { part: /^infra\//, never: /^(?:cli|bench|test)\// },
  { part: /^cli\//, never: /^(?:bench|test)\// },
];

const awsPackage = /^(?:@aws-sdk|@middy|aws-cdk-lib|cdk-nag)(?:\/|$)/;
const awsAdapters =
  /^(?:infra\/|bench\/|core\/store\/dynamodb\/|core\/queue\/sqs\/|agent\/queue\/|functions\/controllers\/cloud\/|functions\/apiserver\/serverless\/http-handlers\.ts$|functions\/[^/]+\/lambda\.ts$)/;

export function importErrors(whole: ModuleGraph): string[] {
  const graph = new Map([...whole].filter(([file]) => product.test(file) && !exempt.test(file)));
  return [...directionErrors(graph), ...fileCircles(graph), ...folderCircles(graph)];
}

function directionErrors(graph: ModuleGraph): string[] {
  return [...graph].flatMap(([file, imports]) =>
    imports.flatMap(({ line, target }) => {
      const why = forbidden(file, target);
      return why ? [`${file}:${line}: imports ${target}: ${why}`] : [];
    }),
  );
}

function forbidden(file: string, target: string): string | undefined {
  if (awsPackage.test(target) && !awsAdapters.test(file))
    return 'only the named adapters know that AWS exists (test/checks/import-rules.ts)';
  if (above.some(({ part, never }) => part.test(file) && never.test(target)))
    return 'imports run downwards only: core <- functions, edge <- agent <- infra, local <- cli';
  const own = functionOf(file);
  const other = functionOf(target);
  return own && other && own !== other ? 'one function never imports another' : undefined;
}

function functionOf(path: string): string | undefined {
  return /^functions\/([^/]+)\//.exec(path)?.[1];
}

function fileCircles(graph: ModuleGraph): string[] {
  const next = (file: string) => targets(graph.get(file)).filter((target) => graph.has(target));
  return circles(graph.keys(), next).map((group) => `files import each other in a circle: ${group.sort().join(', ')}`);
}

/** In each folder: its files, and its folders with all that lies in them. */
function folderCircles(graph: ModuleGraph): string[] {
  const folders = new Map<string, Map<string, Map<string, string>>>();
  for (const [file, imports] of graph)
    for (const target of targets(imports)) if (graph.has(target)) addArrow(folders, file, target);
  return [...folders].flatMap(([folder, arrows]) =>
    circles(arrows.keys(), (name) => arrows.get(name)?.keys() ?? []).map((group) => {
      const ties = group.flatMap((from) => group.flatMap((to) => arrows.get(from)?.get(to) ?? []));
      return `${folder || 'the whole'}: ${group.sort().join(', ')} import each other in a circle:\n  ${ties.join('\n  ')}`;
    }),
  );
}

/** An import ties two things in one folder only: the deepest that has both. */
function addArrow(folders: Map<string, Map<string, Map<string, string>>>, file: string, target: string): void {
  const from = file.split('/');
  const to = target.split('/');
  let depth = 0;
  while (from[depth] === to[depth]) depth += 1;
  const folder = from.slice(0, depth).join('/');
  const arrows = getOrMake(folders, folder, () => new Map<string, Map<string, string>>());
  const ties = getOrMake(arrows, from[depth]!, () => new Map<string, string>());
  if (!ties.has(to[depth]!)) ties.set(to[depth]!, `${file} -> ${target}`);
}

function targets(imports: readonly Import[] = []): string[] {
  return imports.map(({ target }) => target);
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
