// What a comment or a page names is there: files, folders, decisions (`D4` is the page whose name begins with d4 in docs/decisions), and
// what links of pages lead to.

import { dirname, join } from 'node:path';

export interface Tree {
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

export function treeOf(files: readonly string[]): Tree {
  const folders = new Set<string>();
  for (const file of files)
    for (let at = dirname(file); at !== '.' && !folders.has(at); at = dirname(at)) folders.add(at);
  return { files: new Set(files), folders };
}

/** `core/store/store.ts`, `docs/api.md`; also `write/commit.ts` and `relay.ts`, whose folder the reader is expected to know. */
const namedFile = /(?<![\w/.@:~$}*-])(?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|md)\b(?![\w(/-])/g;
const namedFolder =
  /(?<![\w/.@:~$}*-])(?:core|functions|edge|agent|infra|local|cli|test|bench|docs)(?:\/[\w-]+)+\/?(?![\w./*{<-])/g;
/** Made by a build or a run, or of a name's form alone: an API version. */
const notTracked =
  /^(?:generated|node_modules|bench\/results|dist|cdk\.out)(?:\/|$)|^index\.mjs$|^x(?:\.test)?\.ts$|^core\/v\d/;
const decision = /(?<![\w-])D(\d{1,2})(?:-D(\d{1,2}))?(?![\w-])/g;
const link = /\]\((?<path>[^)#:\s]+)(?:#[^)]*)?\)/g;

/** What the comments of a source file, or all of a page, name that is not there. */
export function citationErrors(file: string, text: string, tree: Tree): string[] {
  const page = file.endsWith('.md');
  return text.split('\n').flatMap((line, index) => {
    const said = page ? line : commentOf(line);
    if (said === undefined) return [];
    const at = `${file}:${index + 1}`;
    return [
      ...matches(said, namedFile)
        .filter((name) => !isThere(name, file, tree))
        .map((name) => `${at}: names ${name}, which is not there`),
      ...matches(said, namedFolder)
        .filter(
          (name) =>
            !tree.folders.has(name.replace(/\/$/, '')) && !tree.files.has(`${name}.ts`) && !tree.files.has(name),
        )
        .map((name) => `${at}: names ${name}, which is not there`),
      ...(page
        ? []
        : decisionsOf(said)
            .filter((id) => !hasDecision(id, tree))
            .map((id) => `${at}: cites decision D${id}, which docs/decisions does not have`)),
      ...(page ? [...line.matchAll(link)] : [])
        .map((match) => match.groups?.['path'] ?? '')
        .filter((path) => !isPath(join(dirname(file), path), tree))
        .map((path) => `${at}: a link leads to ${path}, which is not there`),
    ];
  });
}

/** What stands behind `//`, or in a line of a block comment. */
function commentOf(line: string): string | undefined {
  const start = /^\s*(?:\/\*\*?|\*|\/\/)(.*)$|\s\/\/ (.*)$/.exec(line);
  return start ? (start[1] ?? start[2]) : undefined;
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([whole]) => whole).filter((name) => !notTracked.test(name));
}

function decisionsOf(text: string): number[] {
  return [...text.matchAll(decision)].flatMap(([, first, last]) => {
    const from = Number(first);
    return Array.from({ length: Number(last ?? first) - from + 1 }, (_, index) => from + index);
  });
}

function hasDecision(id: number, { files }: Tree): boolean {
  return [...files].some((file) => file.startsWith(`docs/decisions/d${id}-`));
}

function isThere(name: string, from: string, tree: Tree): boolean {
  if (isPath(name, tree) || isPath(join(dirname(from), name), tree)) return true;
  return [...tree.files].some((file) => file.endsWith(`/${name}`));
}

function isPath(path: string, { files, folders }: Tree): boolean {
  const plain = path.replace(/\/$/, '');
  return files.has(plain) || folders.has(plain);
}
