// What the machine must offer before anything is started: rights, system, and the Debian packages that run containers.

import { accessSync, constants, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { InstallError } from '../agent/install/install-error.ts';
import { installPackages as install } from '../agent/install/packages.ts';
import { isMissing, nodeRequirements, type Requirement } from '../agent/install/requirements.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { UserError } from './user-error.ts';

const requirements: readonly Requirement[] = [
  ...nodeRequirements,
  { name: 'busybox-static', why: 'is the program in the images of the examples', files: ['/bin/busybox'] },
];

export function checkRights(): void {
  if (process.platform !== 'linux') {
    throw new UserError(
      `a node runs on Linux; this is ${process.platform}: use \`--no-agent\` for a control plane alone`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(
      'a node needs root, for containers and network rules: run it with sudo, or use `--no-agent` for a control plane alone',
    );
  }
}

export function missingPackages(): readonly Requirement[] {
  return requirements.filter(isMissing);
}

/** `say` gets what is being done. Rejects with UserError. */
export async function installPackages(missing: readonly Requirement[], say: (line: string) => void): Promise<void> {
  try {
    await install(missing, say);
  } catch (error) {
    throw error instanceof InstallError ? new UserError(error.message) : error;
  }
}

/** Fails when another program holds the port. */
export async function checkPort(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE';
      const message = busy
        ? `port ${port} is in use: free it, or choose another with --port`
        : `port ${port}: ${error.message}`;
      reject(new UserError(message));
    });
    probe.listen(port, '0.0.0.0', () => probe.close(() => resolve()));
  });
}

export function makeDataDir(directory: string): void {
  // Node's recursive mkdir never ends in a file system that makes no directories.
  if (/^\/(proc|sys)(\/|$)/.test(directory)) {
    throw new UserError(`--data-dir: ${directory} is no place for files: name a directory on a disk`);
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    const why = errorText(error);
    throw new UserError(`--data-dir: ${directory} cannot be written: choose another directory (${why})`);
  }
}
