// `node functions/controllers/graph.ts`: writes into docs/controllers.md which controllers there are, what wakes each, what it reads and
// writes, and whom its writes wake: the graph of controllers, as their declarations have it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schedulerOwns, schedulerReads, schedulerWatches } from '../../core/work/scheduler-types.ts';
import { controllers } from './all.ts';

const page = join(import.meta.dirname, '../../docs/controllers.md');
const begin = '<!-- controllers: written by functions/controllers/graph.ts -->';
const end = '<!-- end of controllers -->';

/** The page with the section written anew. Throws an Error when the page has no place for it. */
export function withGraph(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/controllers.md has no place between "${begin}" and "${end}"`);
  return `${text.slice(0, from + begin.length)}\n${table()}\n${text.slice(to)}`;
}

function table(): string {
  const all = every();
  const rows = all.map((each) => {
    const reads = each.reads.filter((type) => !each.watches.includes(type));
    const wakes = all.filter((other) => other !== each && isWokenBy(other, each)).map(({ name }) => name);
    return [each.name, list(each.watches), list(reads), list(each.owns), wakes.join(', ')];
  });
  const head = ['controller', 'woken by', 'reads too', 'writes', 'which wakes'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What somebody declares, by types alone. */
interface Declared {
  readonly name: string;
  readonly watches: readonly string[];
  readonly reads: readonly string[];
  readonly owns: readonly string[];
}

/** The controllers with all that settings may add, and the scheduler. */
function every(): Declared[] {
  const asked = () => Promise.reject(new Error('the graph asks for nothing'));
  const all = controllers({
    caCertificate: '',
    podCIDR: '10.244.0.0/16',
    authority: asked,
    signSecretToken: asked,
  }).map(
    ({ name, watches, reads = [], owns }): Declared => ({
      name,
      watches: unique(watches.map(({ type }) => type)),
      reads: unique(reads),
      owns,
    }),
  );
  all.push({
    name: 'scheduler',
    watches: unique(schedulerWatches),
    reads: unique(schedulerReads),
    owns: schedulerOwns,
  });
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whoever follows every type is woken by anything: that is said once, by its `*`. */
function isWokenBy({ watches }: Declared, { owns }: Declared): boolean {
  return watches.some((type) => type !== '*' && owns.includes(type));
}

function unique(types: readonly string[]): string[] {
  return [...new Set(types)].sort();
}

/** Without the groups of Kubernetes: kinds of the same name do not meet here. */
function list(types: readonly string[]): string {
  return types.map((type) => (type === '*' || type.startsWith('*/') ? `\`${type}\`` : shortName(type))).join(', ');
}

function shortName(type: string): string {
  return type.slice(type.indexOf('/') + 1);
}

if (process.argv[1] === import.meta.filename) writeFileSync(page, withGraph(readFileSync(page, 'utf8')));
