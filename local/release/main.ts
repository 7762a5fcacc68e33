// `npm run release`: `zeroplane` as one file for each architecture, with checksums, and the bill of materials beside them.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../core/process/run.ts';
import { UserError } from '../user-error.ts';
import { release, releaseDir } from './release.ts';

try {
  await release(['amd64', 'arm64'], (line) => console.log(line));
  const { stdout } = await run('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx']);
  writeFileSync(join(releaseDir, 'zeroplane.cdx.json'), stdout);
  console.log(`in ${releaseDir}`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}
