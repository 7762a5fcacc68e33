// What the machine must offer before anything is started: rights, system, and the Debian packages that run containers.

import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { errorText } from '../core/machinery/error-text.ts';
import { childEnvironment } from '../core/process/child-environment.ts';
import { UserError } from './user-error.ts';

export interface Requirement {
  /** Debian package. */
  readonly name: string;
  readonly why: string;
  /** Present when one of these is there. */
  readonly files: readonly string[];
}

const requirements: readonly Requirement[] = [
  { name: 'containerd', why: 'runs the containers', files: ['/usr/bin/containerd', '/usr/local/bin/containerd'] },
  { name: 'runc', why: 'starts each container', files: ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'] },
  {
    name: 'containernetworking-plugins',
    why: 'connects pods to the network',
    files: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'],
  },
  { name: 'nftables', why: 'programs Services and NetworkPolicies', files: ['/usr/sbin/nft'] },
  {
    name: 'iptables',
    why: 'forwards host ports, as the CNI plugin portmap does it',
    files: ['/usr/sbin/iptables', '/sbin/iptables'],
  },
  { name: 'conntrack', why: 'forgets connections to endpoints that left', files: ['/usr/sbin/conntrack'] },
  { name: 'busybox-static', why: 'is the program in the images of the examples', files: ['/bin/busybox'] },
  { name: 'iproute2', why: 'sets links and routes', files: ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'] },
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

export function isMissing({ files }: Requirement): boolean {
  return !files.some((file) => existsSync(file));
}

/** Installs Debian packages with apt. `say` gets what is being done. */
export async function installPackages(missing: readonly Requirement[], say: (line: string) => void): Promise<void> {
  const system = systemName();
  if (!existsSync('/usr/bin/apt-get')) {
    const names = missing.map((each) => each.name).join(', ');
    throw new UserError(`${system} has no apt: install these yourself and start again: ${names}`);
  }
  const names = missing.map((each) => each.name);
  say('apt-get update');
  await apt(['update', '-q']);
  say(`apt-get install ${names.join(' ')}`);
  await apt(['install', '-q', '-y', '--no-install-recommends', ...names]);
  const still = missing.filter(isMissing);
  if (still.length > 0)
    throw new UserError(`apt installed no ${still.map((each) => each.name).join(', ')} on ${system}`);
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

function systemName(): string {
  if (!existsSync('/etc/os-release')) return 'this system';
  const text = readFileSync('/etc/os-release', 'utf8');
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? 'this system';
}

async function apt(args: readonly string[]): Promise<void> {
  const child = spawn('apt-get', args, {
    env: childEnvironment({ DEBIAN_FRONTEND: 'noninteractive' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code === 0) return;
  const tail = output.trimEnd().split('\n').slice(-5).join('\n');
  throw new UserError(`apt-get ${args[0]} failed:\n${tail}`);
}
