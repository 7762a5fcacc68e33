// Before any test: what is generated is there, and is of this checkout (half a second when it is); and every property has one seed.

import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';

export function setup(): void {
  const generator = join(import.meta.dirname, '../../core/api/generate/main.ts');
  execFileSync(process.execPath, [generator], { stdio: 'inherit' });
  // Workers inherit it (see seed.ts).
  process.env['ZEROPLANE_SEED'] ??= String(randomInt(2 ** 31));
  console.log(`properties use seed ${process.env['ZEROPLANE_SEED']} (ZEROPLANE_SEED repeats it)`);
}
