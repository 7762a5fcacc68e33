// What of the benchmark is run: `npm run bench -- aws --part exec --part watch`. All of it takes ten minutes and more.

import { parseArgs } from 'node:util';
import { CommandLineAnswer, CommandLineError } from '../../core/process/command-line.ts';

const partNames = ['starts', 'watch', 'exec', 'webhook', 'operations', 'scale'] as const;
const usage = `usage: npm run bench -- aws [--part ${partNames.join('|')}]... [--write]
Without --part all of them. --write makes docs/cost.md of what was measured.`;

export type Part = (typeof partNames)[number];

export interface Chosen {
  readonly parts: ReadonlySet<Part>;
  /** docs/cost.md is written: of all parts. */
  readonly write: boolean;
}

/** Throws a CommandLineError or CommandLineAnswer that says what may be given. */
export function chosenParts(args: readonly string[]): Chosen {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: 'string', multiple: true, default: [] },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { part: named, write, help } = values;
  if (help) throw new CommandLineAnswer(usage);
  for (const name of named)
    if (!isPart(name))
      throw new CommandLineError(`--part ${name}: give one of ${partNames.join(', ')}, as often as you like`);
  if (write && named.length > 0)
    throw new CommandLineError('--write: docs/cost.md is made of all parts; give no --part');
  return { parts: new Set(named.length === 0 ? partNames : named.filter(isPart)), write };
}

/** A line when it begins, with the time so far. */
export function step(what: string): void {
  console.log(`${String(Math.round(performance.now() / 1000)).padStart(4)} s  ${what}`);
}

function isPart(name: string): name is Part {
  return partNames.some((each) => each === name);
}
