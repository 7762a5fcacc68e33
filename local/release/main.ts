// `npm run release`: everything that is published, in dist/release: `zeroplane` as one file for each architecture, the npm package, the bill
// of materials, and checksums of all of it. Tried on a clean root file system, where this is root's; `--no-try` leaves that out.

import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sumsFile } from '../../core/node/agent-program.ts';
import { run } from '../../core/process/run.ts';
import { UserError } from '../user-error.ts';
import { tryOnCleanRoot } from './clean-root.ts';
import { noticesFile, thirdPartyNotices } from './notices.ts';
import { npmPackage } from './npm-package.ts';
import { bundle, release, releaseDir } from './release.ts';

const say = (line: string) => console.log(line);
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

try {
  await release(['amd64', 'arm64'], say);
  say('packing for npm');
  const npmFile = await npmPackage(releaseDir, await bundle());
  const { stdout } = await run('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx']);
  const billFile = 'zeroplane.cdx.json';
  writeFileSync(join(releaseDir, billFile), stdout);
  writeFileSync(join(releaseDir, noticesFile), thirdPartyNotices(join(import.meta.dirname, '../..')));
  for (const file of [npmFile, billFile, noticesFile]) {
    const sum = createHash('sha256')
      .update(readFileSync(join(releaseDir, file)))
      .digest('hex');
    appendFileSync(join(releaseDir, sumsFile), `${sum}  ${file}\n`);
  }
  if (process.argv.includes('--no-try')) say('not tried (--no-try)');
  else if (process.getuid?.() !== 0) say('not tried: a clean root file system takes root');
  else await tryOnCleanRoot({ directory: releaseDir, architecture, npmFile, say });
  say(`in ${releaseDir}`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}
