// Before any test: what is generated is there, and is of this checkout. Costs half a second when it is.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export function setup(): void {
  const generator = join(import.meta.dirname, '../../core/api/generate/main.ts');
  execFileSync(process.execPath, [generator], { stdio: 'inherit' });
}
