// The first thing that runs, on any Node >= 20 and before any package is there: installs what is missing, then hands over
// to the command line under the Node that the packages bring.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { generate, installPackages, node, root } from './install.mjs';

installPackages();
generate();
// Ctrl-C goes to the whole foreground group: the command decides what it means.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
const result = spawnSync(node, [join(root, 'cli/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);
