// The licences of the packages that our programs contain: who passes a program on passes these on with it, as all of them ask.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getOwn } from '../../core/machinery/own.ts';
import lock from '../../package-lock.json' with { type: 'json' };

export const noticesFile = 'THIRD-PARTY-NOTICES.txt';

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/** Where the packages that programs are made with stand below `root`, as package-lock.json names the places. */
export function bundledPackages(root: string): string[] {
  const all: Readonly<Record<string, Locked>> = lock.packages;
  return Object.entries(all)
    .filter(([place, { dev }]) => place !== '' && dev !== true && existsSync(join(root, place)))
    .map(([place]) => place);
}

/** Throws Error for a package that names no licence: it must not be part of a program. */
export function thirdPartyNotices(root: string, places: readonly string[] = bundledPackages(root)): string {
  const all: Readonly<Record<string, Locked>> = lock.packages;
  const known = new Map<string, string[]>();
  for (const place of places) {
    const { version = '', license } = getOwn(all, place) ?? {};
    if (license === undefined) throw new Error(`${place} names no licence: take another package`);
    const name = `${place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)} ${version} (${license})`;
    const text = licenceText(join(root, place));
    known.set(text, [...(known.get(text) ?? []), name]);
  }
  const parts = [...known].map(([text, names]) => `${names.join('\n')}\n\n${text}`);
  return `Zeroplane contains these packages, under these licences.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** As the package has it. Some have none: then their licence's name says all that they say. */
function licenceText(folder: string): string {
  const files = globSync('{LICEN[SC]E*,licen[sc]e*,COPYING*,NOTICE*,CopyrightNotice*}', { cwd: folder })
    .filter((file) => !/\.(?:[cm]?js|ts)$/.test(file))
    .sort();
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim());
  return texts.length > 0 ? `${texts.join('\n\n')}\n` : 'The package has no text of its licence.\n';
}
