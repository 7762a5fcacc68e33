#!/usr/bin/env node
// The first thing that runs, on any Node >= 20 and before any package is there: installs what is missing, then hands over
// to the command line under the Node that the packages bring.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { generate, installPackages, node, root } from './install.mjs';

installPackages();
generate();
const child = spawn(node, [join(root, 'cli/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C goes to the whole foreground group: the command decides what it means. Other signals reach this process alone.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('close', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
