// Where this program is npm's package: what of it stands there made, which a checkout makes of its sources. docs/start.md says how it is run.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../core/machinery/json.ts';

/** The package's bin/contents.json. */
export interface Contents {
  /** Of the sources that all of it was made of. */
  readonly fingerprint: string;
  /** npm's packages of Node's executables: what the program as one file is made with. */
  readonly nodePackages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
}

export interface Packaged {
  readonly contents: Contents;
  /** What Node is given to run. */
  readonly starter: string;
  /** The programs of a cluster, in one folder. */
  readonly programs: string;
  /** The command line in one file, CommonJS. */
  readonly single: string;
  readonly examples: string;
}

export const contentsFile = 'contents.json';

/** undefined in a checkout, and in the program as one file. */
export function packaged(): Packaged | undefined {
  // In the package this module's bundle stands in bin; the program as one file stands in no folder.
  const bin: string | undefined = import.meta.dirname;
  if (bin === undefined || !existsSync(join(bin, contentsFile))) return undefined;
  return {
    // as: the release wrote it (local/release/npm-package.ts).
    contents: parseJson(readFileSync(join(bin, contentsFile), 'utf8')) as Contents,
    starter: join(bin, 'zeroplane.cjs'),
    programs: join(bin, '../programs'),
    single: join(bin, 'single.cjs'),
    examples: join(bin, '../examples'),
  };
}
